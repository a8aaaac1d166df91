import { expect, test } from "vitest";
import type { AnyEvent, Conversation, Message, Person } from "hubbub";
import { applyEvent } from "../src/state/conversations";

const person = (id: number): Person => ({ id, username: `u${id}`, first_name: "", last_name: "" });
const message = (number: number, sender = 2): Message => ({
  id: number,
  sender: person(sender),
  content: "",
  timestamp: "2026-01-01T00:00:00Z",
  number,
  deleted: false,
});
const conversation = (id: number, changes: Partial<Conversation> = {}): Conversation => ({
  id,
  topic: `chat.${id}`,
  kind: "group",
  title: "",
  name: null,
  participants: [],
  last_message: null,
  top_number: 0,
  read_number: 0,
  unread: 0,
  created_at: "",
  active_at: "",
  ...changes,
});
const sent = (topic: string, of: Message): AnyEvent => ({
  type: "chat.message_sent",
  topic,
  offset: of.number,
  data: { message: of, client_id: null },
});
const user = (type: string, data: object) => ({ type, topic: "user.1", offset: 1, data }) as AnyEvent;
const ids = (list: readonly Conversation[]) => list.map(({ id }) => id);

test("a message brings its conversation to the top, as its last, unread", () => {
  const [first, second] = applyEvent([conversation(1), conversation(2)], sent("chat.2", message(1)), 1);
  expect(first).toMatchObject({ id: 2, unread: 1, last_message: { number: 1 } });
  expect(second?.id).toBe(1);
});

test("one's own message leaves nothing unread", () => {
  const [first] = applyEvent([conversation(1, { top_number: 3, unread: 3 })], sent("chat.1", message(4, 1)), 1);
  expect(first?.unread).toBe(0);
});

test("a message that the list contains already changes nothing", () => {
  const list = [conversation(2), conversation(1, { top_number: 5, unread: 2 })];
  expect(applyEvent(list, sent("chat.1", message(5)), 1)).toBe(list);
  expect(applyEvent(list, sent("chat.9", message(5)), 1)).toBe(list);
});

test("a conversation is added once, at the top, and removed", () => {
  const added = user("chat.conversation_added", { conversation: conversation(3), position: { epoch: "", offset: 0 } });
  const list = applyEvent(applyEvent([conversation(1)], added, 1), added, 1);
  expect(ids(list)).toEqual([3, 1]);
  expect(ids(applyEvent(list, user("chat.conversation_removed", { conversation_id: 3 }), 1))).toEqual([1]);
});

const read = (number: number) => user("chat.conversation_read", { conversation_id: 1, number, unread: 0 });

test("what was read on another device is read here, and the cursor never goes back", () => {
  let list: readonly Conversation[] = [conversation(1, { top_number: 5, unread: 5 })];
  list = applyEvent(list, read(4), 1);
  expect(list[0]?.unread).toBe(1);
  expect(applyEvent(list, read(2), 1)[0]?.unread).toBe(1);
});

test("a message that was read before it arrived is not unread", () => {
  const list = applyEvent([conversation(1)], read(1), 1);
  expect(applyEvent(list, sent("chat.1", message(1)), 1)[0]?.unread).toBe(0);
});

test("when the last message was deleted the one before it is the last; others change nothing", () => {
  const list = [conversation(2), conversation(1, { last_message: message(5) })];
  const hidden = (id: number) => ({ conversation_id: 1, message_id: id, last_message: message(4) });
  expect(applyEvent(list, user("chat.message_hidden", hidden(5)), 1)[1]?.last_message?.number).toBe(4);
  expect(applyEvent(list, user("chat.message_hidden", hidden(3)), 1)[1]?.last_message?.number).toBe(5);
});

test("participants come, once, and go", () => {
  const start = [conversation(1, { participants: [person(1)] })];
  const added = { type: "chat.participants_added", topic: "chat.1", offset: 1, data: { participants: [person(1), person(2)] } };
  const list = applyEvent(start, added as AnyEvent, 1);
  expect(list[0]?.participants.map(({ id }) => id)).toEqual([1, 2]);
  const removed = { type: "chat.participant_removed", topic: "chat.1", offset: 2, data: { user_id: 2 } };
  expect(applyEvent(list, removed as AnyEvent, 1)[0]?.participants).toHaveLength(1);
});

test("a message deleted for everybody says nothing in the list, and a group goes by its new title", () => {
  const told = (type: string, data: object) => ({ type, topic: "chat.1", offset: 2, data }) as AnyEvent;
  let list = applyEvent([conversation(1, { title: "Plans" })], sent("chat.1", { ...message(1), content: "a word" }), 1);
  list = applyEvent(list, told("chat.message_deleted", { message_id: 1 }), 1);
  list = applyEvent(list, told("chat.conversation_renamed", { title: "Other plans" }), 1);
  expect(list[0]).toMatchObject({ title: "Other plans", last_message: { content: "", deleted: true }, unread: 1 });
});
