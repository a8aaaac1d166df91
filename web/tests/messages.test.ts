import { expect, test } from "vitest";
import type { AnyEvent, Message } from "hubbub";
import { CHUNK, blocksOf, chunksOf } from "../src/state/chunks";
import { NO_MESSAGES, pageAfter, textOf, withDeleted, withLatest, withPage, withSent, withoutHidden } from "../src/state/messages";

function message(number: number, { minute = 0, sender = 1, name = "ada" } = {}): Message {
  const timestamp = new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
  return { id: 100 + number, sender: { id: sender, username: name, first_name: "", last_name: "" }, content: "text", timestamp, number, deleted: false };
}

const page = (numbers: number[], more: boolean) => ({ messages: numbers.map((number) => message(number)), more });
const numbers = ({ list }: { list: readonly Message[] }) => list.map(({ number }) => number);

test("pages and events merge by number, each message once", () => {
  let messages = withSent(NO_MESSAGES, { message: message(5), client_id: null });
  messages = withPage(messages, page([3, 4, 5], true));
  messages = withSent(messages, { message: message(5), client_id: null });
  messages = withSent(messages, { message: message(6), client_id: "x" });
  expect(numbers(messages)).toEqual([3, 4, 5, 6]);
  expect(messages.more).toBe(true);
  expect(messages.arrived.has("x")).toBe(true);
  messages = withPage(messages, page([1, 2], false));
  expect(numbers(messages)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(messages.more).toBe(false);
});

test("the latest page, read once more, doesn't say that there is more before what is known", () => {
  const all = withPage(NO_MESSAGES, page([1, 2, 3], false));
  expect(withPage(all, page([3], true)).more).toBe(false);
});

test("an empty page ends the search for earlier ones", () => {
  expect(withPage(NO_MESSAGES, page([], false)).more).toBe(false);
  expect(withPage(withPage(NO_MESSAGES, page([5], true)), page([], false)).more).toBe(false);
});

test("what was deleted for everybody keeps its place and says nothing, also in a page that was read before", () => {
  const messages = withPage(withDeleted(withPage(NO_MESSAGES, page([1, 2], false)), 102), page([2, 3], false));
  expect(numbers(messages)).toEqual([1, 2, 3]);
  expect(messages.list.map(textOf)).toEqual(["text", "Message deleted", "text"]);
});

test("what is remembered of a conversation that one has left follows what is deleted there", () => {
  const after = (type: string) => pageAfter(page([1, 2], true), { type, topic: "chat.1", data: { message_id: 102 } } as AnyEvent);
  expect(after("chat.message_deleted").messages.map(textOf)).toEqual(["text", "Message deleted"]);
  expect(after("chat.message_hidden").messages.map(({ id }) => id)).toEqual([101]);
  expect(after("chat.typing")).toEqual(page([1, 2], true));
});

test("what was deleted stays away, also from a page that was read before", () => {
  const messages = withoutHidden(withPage(NO_MESSAGES, page([1, 2], false)), 102);
  expect(numbers(withPage(messages, page([1, 2], false)))).toEqual([1]);
});

test("a block is one author's, within five minutes", () => {
  const list = [
    message(1),
    message(2, { minute: 4 }),
    message(3, { minute: 8 }),
    message(4, { minute: 13 }),
    message(5, { minute: 13, sender: 2 }),
    message(6, { minute: 13 }),
  ];
  expect(blocksOf(list).map(({ messages }) => messages.map(({ number }) => number))).toEqual([[1, 2, 3], [4], [5], [6]]);
});

test("guests of different names are different authors", () => {
  expect(blocksOf([message(1, { sender: 0 }), message(2, { sender: 0, name: "bob" })])).toHaveLength(2);
});

test("the latest page, read after a long absence, leaves no gap", () => {
  const known = withSent(withPage(NO_MESSAGES, page([1, 2, 3], true)), { message: message(99), client_id: null });
  const messages = withLatest(known, page([97, 98, 99], true));
  expect(numbers(messages)).toEqual([97, 98, 99]);
  expect(messages.more).toBe(true);
  expect(numbers(withLatest(withPage(NO_MESSAGES, page([1, 2, 3], true)), page([3, 4], true)))).toEqual([1, 2, 3, 4]);
  expect(numbers(withLatest(withPage(NO_MESSAGES, page([1, 2, 3], true)), page([4, 5], true)))).toEqual([1, 2, 3, 4, 5]);
});

test("a chunk stays the same object while nothing in it changes, whatever comes before or after", () => {
  const list = Array.from({ length: 3 * CHUNK }, (_, index) => message(index + 1, { minute: 10 * index }));
  const late = chunksOf(list.slice(CHUNK));
  const all = chunksOf([...list, message(3 * CHUNK + 1, { minute: 10 ** 5 })], late);
  expect(all.flatMap(({ messages }) => messages)).toHaveLength(3 * CHUNK + 1);
  expect(all.filter((chunk) => late.includes(chunk)).length).toBeGreaterThanOrEqual(1);
  expect(chunksOf(list, chunksOf(list))).toEqual(chunksOf(list));
  const again = chunksOf(list);
  expect(chunksOf(list, again).every((chunk, index) => chunk === again[index])).toBe(true);
});

test("a block that goes on in the next chunk has its name once", () => {
  const list = Array.from({ length: 4 }, (_, index) => message(CHUNK - 2 + index));
  const [first, second] = chunksOf(list);
  expect([first?.blocks[0]?.continued, second?.blocks[0]?.continued]).toEqual([false, true]);
  // Without the messages before it, the same chunk names its author.
  expect(chunksOf(list.slice(2), [second!])[0]?.blocks[0]?.continued).toBe(false);
});

test("a block begins with the first unread message, so that the divider stands above its name", () => {
  const list = [1, 2, 3].map((number) => message(number));
  const known = chunksOf(list);
  const [chunk] = chunksOf(list, known, 2);
  expect(chunk?.blocks.map(({ messages, continued, divided }) => [messages.length, continued, divided])).toEqual([
    [1, false, false],
    [2, false, true],
  ]);
  const again = chunksOf(list, [chunk!], 2);
  expect(again[0]).toBe(chunk);
  expect(chunksOf(list, again)).toEqual(known);
});

test("the divider parts a block where a chunk ends, too", () => {
  const list = Array.from({ length: CHUNK + 1 }, (_, index) => message(CHUNK - 1 + index));
  const divided = chunksOf(list, [], CHUNK);
  expect(divided[1]?.blocks[0]).toMatchObject({ continued: false, divided: true });
  expect(chunksOf(list, divided, CHUNK)[1]).toBe(divided[1]);
});
