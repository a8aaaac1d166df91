import { beforeEach, expect, test, vi } from "vitest";
import type { Client } from "../src/index.js";
import { online, pass, type FakeSocket } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

const at = (offset: number, epoch = "e") => ({ epoch, offset });

function follow(client: Client) {
  const log: unknown[] = [];
  const stop = client.followInbox({
    onInbox: ({ reset }) => log.push(`inbox${reset.map((topic) => ` ${topic}`)}`),
    onEvent: ({ topic, offset }) => log.push(`${topic} ${offset}`),
    onError: ({ code }) => log.push(code),
  });
  return { log, stop };
}

async function answer(socket: FakeSocket, positions: object, reset: string[] = []): Promise<void> {
  await socket.ok(socket.last("inbox.subscribe"), { conversations: [], positions, reset });
}

test("events come under their own topics, once and in order (CHT-6)", async () => {
  const { client, socket } = await online();
  const { log } = follow(client);
  expect(socket.last("inbox.subscribe")["data"]).toEqual({ since: {} });
  await answer(socket, { "chat.1": at(3), "user.7": at(0) });
  for (const [topic, offset] of [["chat.1", 3], ["chat.1", 4], ["user.7", 1], ["chat.1", 4]] as const) {
    socket.event(topic, offset);
  }
  expect(log).toEqual(["inbox", "chat.1 4", "user.7 1"]);
});

test("events that overtake the reply come after it", async () => {
  const { client, socket } = await online();
  const { log } = follow(client);
  socket.event("chat.1", 3);
  socket.event("chat.1", 4);
  await answer(socket, { "chat.1": at(3) });
  expect(log).toEqual(["inbox", "chat.1 4"]);
});

test("after a loss it resumes with its positions; missed events may come before or after the reply", async () => {
  const { client, world, socket } = await online();
  const { log } = follow(client);
  await answer(socket, { "chat.1": at(3), "chat.2": at(8) });
  socket.event("chat.1", 4);
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.last("inbox.subscribe")["data"].since).toEqual({ "chat.1": at(4), "chat.2": at(8) });
  next.event("chat.1", 5);
  await answer(next, { "chat.1": at(6), "chat.2": at(9) });
  next.event("chat.1", 6);
  next.event("chat.2", 9);
  expect(log).toEqual(["inbox", "chat.1 4", "chat.1 5", "inbox", "chat.1 6", "chat.2 9"]);
});

test("a topic that can't be resumed is reset, and goes on from its new position", async () => {
  const { client, world, socket } = await online();
  const { log } = follow(client);
  const resets: string[] = [];
  client.on("reset", ({ topic }) => resets.push(topic));
  await answer(socket, { "chat.1": at(3) });
  socket.end(1006);
  const next = await world.reconnected();
  await answer(next, { "chat.1": at(1, "f") }, ["chat.1"]);
  next.event("chat.1", 2);
  expect(resets).toEqual(["chat.1"]);
  expect(log).toEqual(["inbox", "inbox chat.1", "chat.1 2"]);
  expect(next.of("inbox.subscribe")).toHaveLength(1);
});

test("a reset in mid-session has the conversations read again (SUB-3)", async () => {
  const { client, socket } = await online();
  follow(client);
  await answer(socket, { "chat.1": at(3) });
  socket.push({ type: "reset", topic: "chat.1", data: { position: at(1, "f"), reason: "epoch" } });
  expect(socket.of("inbox.subscribe")).toHaveLength(2);
  expect(socket.last("inbox.subscribe")["data"].since).toEqual({ "chat.1": at(1, "f") });
});

test("a conversation that is joined later is followed, and asked for again after a loss", async () => {
  const { client, world, socket } = await online();
  const { log } = follow(client);
  await answer(socket, { "user.7": at(0) });
  socket.event("chat.9", 5);
  socket.event("chat.9", 6);
  expect(log).toEqual(["inbox", "chat.9 5", "chat.9 6"]);
  socket.end(1006);
  const next = await world.reconnected();
  // Its epoch is not known: the server can't vouch for what happened since, and says so.
  expect(next.last("inbox.subscribe")["data"].since["chat.9"]).toEqual(at(6, ""));
});

test("a conversation that was added is resumed from where it was", async () => {
  const { client, world, socket } = await online();
  follow(client);
  await answer(socket, { "user.7": at(0) });
  const added = { conversation: { id: 9, topic: "chat.9" }, position: at(5) };
  socket.push({ type: "chat.conversation_added", topic: "user.7", offset: 1, data: added });
  socket.event("chat.9", 6);
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.last("inbox.subscribe")["data"].since["chat.9"]).toEqual(at(6));
});

test("a subscriber to one of the conversations shares what the inbox gets", async () => {
  const { client, socket } = await online();
  follow(client);
  await answer(socket, { "chat.1": at(3) });
  const seen: unknown[] = [];
  const onEvent = ({ offset }: { offset?: number }) => seen.push(offset);
  const subscription = client.subscribe("chat.1", { onEvent, onReset: () => {} });
  expect(subscription.position).toEqual(at(3));
  socket.event("chat.1", 4);
  subscription.unsubscribe();
  expect(seen).toEqual([4]);
  expect([...socket.of("subscribe"), ...socket.of("unsubscribe")]).toEqual([]);
});

test("when inbox and subscription meet, what may have fallen between them is asked for", async () => {
  const { client, socket } = await online();
  client.subscribe("chat.1", { onEvent: () => {}, onReset: () => {} });
  const { log } = follow(client);
  await socket.ok(socket.last("subscribe"), { position: at(3), recovered: false, events: [] });
  await answer(socket, { "chat.1": at(5) });
  expect(socket.last("subscribe")["since"]).toEqual(at(3));
  const events = [4, 5].map((offset) => ({ type: "chat.message_sent", offset, data: {} }));
  await socket.ok(socket.last("subscribe"), { position: at(5), recovered: true, events });
  expect(log).toEqual(["inbox", "chat.1 4", "chat.1 5"]);
});

test("a conversation that was left while away is no longer followed", async () => {
  const { client, world, socket } = await online();
  const { log } = follow(client);
  await answer(socket, { "chat.1": at(3), "chat.2": at(0) });
  socket.end(1006);
  const next = await world.reconnected();
  await answer(next, { "chat.2": at(0) });
  next.end(1006);
  const last = await world.reconnected();
  expect(last.last("inbox.subscribe")["data"].since).toEqual({ "chat.2": at(0) });
  expect(log).toEqual(["inbox", "inbox"]);
});

test("another user's positions are not this one's", async () => {
  const { client, world, socket } = await online();
  follow(client);
  await answer(socket, { "chat.1": at(3) });
  socket.end(1006);
  const next = await world.reconnected({ user: { id: 8, username: "bob", first_name: "", last_name: "" } });
  expect(next.last("inbox.subscribe")["data"].since).toEqual({});
});

test("a refusal is told, or repeated where it is temporary", async () => {
  const { client, socket } = await online();
  const { log } = follow(client);
  await socket.fail(socket.last("inbox.subscribe"), { code: "busy", temporary: true, retry_after: 1 });
  await pass(1000);
  expect(socket.of("inbox.subscribe")).toHaveLength(2);
  await socket.fail(socket.last("inbox.subscribe"), { code: "not_authenticated" });
  expect(log).toEqual(["not_authenticated"]);
});
