import { beforeEach, describe, expect, test, vi } from "vitest";
import type { AnyEvent, Client, SubscriptionHandlers } from "../src/index.js";
import { online, pass, type FakeSocket } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

const at = (offset: number, epoch = "e") => ({ epoch, offset });
const recovered = (from: number, to: number) => ({
  position: at(to),
  recovered: true,
  events: Array.from({ length: to - from }, (_, index) => {
    const number = from + index + 1;
    return { type: "chat.message_sent", offset: number, data: { message: { number, content: String(number) } } };
  }),
});

function listen(client: Client, options: Partial<SubscriptionHandlers> = {}) {
  const log: unknown[] = [];
  const subscription = client.subscribe("chat.1", {
    onEvent: (event: AnyEvent) => log.push(event.offset ?? event.type),
    onReset: ({ reason, position }) => log.push(`reset ${reason} ${position.offset}`),
    onSnapshot: (snapshot, position) => log.push(`snapshot ${JSON.stringify(snapshot)} ${position.offset}`),
    onEnd: ({ reason }) => log.push(`end ${reason}`),
    ...options,
  });
  return { log, subscription };
}

async function subscribed(socket: FakeSocket, ok = {}): Promise<void> {
  await socket.ok(socket.last("subscribe"), { position: at(0), recovered: false, events: [], ...ok });
}

test("events after the position come once and in order (SUB-1)", async () => {
  const { client, socket } = await online();
  const { log, subscription } = listen(client);
  expect(subscription.position).toBeNull();
  await subscribed(socket, { position: at(4) });
  for (const offset of [4, 5, 5, 6, 5]) socket.event("chat.1", offset);
  expect(log).toEqual([5, 6]);
  expect(subscription.position).toEqual(at(6));
});

test("ephemeral events are passed on as they come (EVT-1)", async () => {
  const { client, socket } = await online();
  const { log } = listen(client);
  await subscribed(socket);
  socket.push({ type: "chat.typing", topic: "chat.1", data: {} });
  socket.push({ type: "chat.typing", topic: "chat.1", data: {} });
  expect(log).toEqual(["chat.typing", "chat.typing"]);
});

test("after a loss it resumes from its position (SUB-2)", async () => {
  const { client, world, socket } = await online();
  const { log } = listen(client);
  await subscribed(socket);
  socket.event("chat.1", 1);
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.last("subscribe")).toMatchObject({ topic: "chat.1", since: at(1) });
  await subscribed(next, recovered(1, 3));
  next.event("chat.1", 4);
  expect(log).toEqual([1, 2, 3, 4]);
});

test("a page subscribes from where it was rendered (DCL-5)", async () => {
  const { client, socket } = await online();
  const { log, subscription } = listen(client, { since: at(2) });
  expect(socket.last("subscribe")).toMatchObject({ topic: "chat.1", since: at(2) });
  socket.event("chat.1", 4);
  await subscribed(socket, recovered(2, 4));
  expect(log).toEqual([3, 4]);
  expect(subscription.position).toEqual(at(4));
  // What is older than what others have had can't be had again; what is newer is not told twice.
  expect(listen(client, { since: at(1) }).log).toEqual(["reset too_far 4"]);
  expect(listen(client, { since: at(4, "older") }).log).toEqual(["reset epoch 4"]);
  const later = listen(client, { since: at(5) }).log;
  socket.event("chat.1", 5);
  socket.event("chat.1", 6);
  expect(later).toEqual([6]);
  expect(log).toEqual([3, 4, 5, 6]);
});

test("events that overtake the reply wait for it, and none is doubled", async () => {
  const { client, world, socket } = await online();
  const { log } = listen(client);
  await subscribed(socket);
  socket.event("chat.1", 1);
  socket.end(1006);
  const next = await world.reconnected();
  next.event("chat.1", 3);
  next.event("chat.1", 4);
  expect(log).toEqual([1]);
  await subscribed(next, recovered(1, 3));
  expect(log).toEqual([1, 2, 3, 4]);
});

test("a resume that is cut off starts again from the same position", async () => {
  const { client, world, socket } = await online();
  const { log } = listen(client);
  await subscribed(socket);
  socket.event("chat.1", 1);
  socket.end(1006);
  const cut = await world.reconnected();
  cut.event("chat.1", 3);
  cut.end(1006);
  const next = await world.reconnected();
  expect(next.last("subscribe")["since"]).toEqual(at(1));
  await subscribed(next, recovered(1, 3));
  expect(log).toEqual([1, 2, 3]);
});

test("a missing event is read from the log before what follows", async () => {
  const { client, socket } = await online();
  const { log } = listen(client);
  await subscribed(socket);
  for (const offset of [1, 4, 5]) socket.event("chat.1", offset);
  expect(log).toEqual([1]);
  expect(socket.of("subscribe")).toHaveLength(2);
  expect(socket.last("subscribe")["since"]).toEqual(at(1));
  await subscribed(socket, recovered(1, 4));
  expect(log).toEqual([1, 2, 3, 4, 5]);
});

describe("reset", () => {
  test("the subscriber is told when it can't be resumed, and goes on (SUB-2)", async () => {
    const { client, world, socket } = await online();
    const { log, subscription } = listen(client);
    await subscribed(socket);
    socket.end(1006);
    const next = await world.reconnected();
    await subscribed(next, { position: at(9, "f"), reset: "epoch" });
    next.event("chat.1", 10);
    expect(log).toEqual(["reset epoch 9", 10]);
    expect(subscription.position).toEqual(at(10, "f"));
  });

  test("it may come at any time (SUB-3)", async () => {
    const { client, socket } = await online();
    const told: string[] = [];
    client.on("reset", ({ topic }) => told.push(topic));
    const { log } = listen(client);
    await subscribed(socket, { position: at(5) });
    socket.push({ type: "reset", topic: "chat.1", data: { position: at(2, "f"), reason: "epoch" } });
    socket.event("chat.1", 3);
    expect(log).toEqual(["reset epoch 2", 3]);
    expect(told).toEqual(["chat.1"]);
  });

  test("with a snapshot the new one follows, and events wait for it", async () => {
    const { client, socket } = await online();
    const { log } = listen(client, { snapshot: true });
    expect(socket.last("subscribe")["data"]).toEqual({ snapshot: true });
    await subscribed(socket, { position: at(5), snapshot: { n: 5 } });
    socket.push({ type: "reset", topic: "chat.1", data: { position: at(2, "f"), reason: "epoch" } });
    socket.event("chat.1", 3);
    expect(log).toEqual(['snapshot {"n":5} 5', "reset epoch 2"]);
    expect(socket.last("subscribe")["data"]).toEqual({ snapshot: true });
    await subscribed(socket, { position: at(3, "f"), recovered: true, snapshot: { n: 3 } });
    socket.event("chat.1", 4);
    expect(log.slice(2)).toEqual(['snapshot {"n":3} 3', 4]);
  });
});

describe("several subscribers", () => {
  test("share one subscription at the server, until the last has gone", async () => {
    const { client, socket } = await online();
    const one = listen(client);
    await subscribed(socket);
    const two = listen(client);
    expect(socket.of("subscribe")).toHaveLength(1);
    socket.event("chat.1", 1);
    one.subscription.unsubscribe();
    socket.event("chat.1", 2);
    expect(one.log).toEqual([1]);
    expect(two.log).toEqual([1, 2]);
    expect(socket.of("unsubscribe")).toEqual([]);
    two.subscription.unsubscribe();
    expect(socket.of("unsubscribe")).toHaveLength(1);
    socket.event("chat.1", 3);
    expect(two.log).toEqual([1, 2]);
  });

  test("one that wants a snapshot gets it, and the other misses nothing meanwhile", async () => {
    const { client, socket } = await online();
    const one = listen(client);
    await subscribed(socket);
    const two = listen(client, { snapshot: true });
    // The server begins anew from its reply: what is before it must come with it.
    expect(socket.last("subscribe")).toMatchObject({ since: at(0), data: { snapshot: true } });
    socket.event("chat.1", 1);
    await subscribed(socket, { ...recovered(0, 2), snapshot: { n: 2 } });
    socket.event("chat.1", 3);
    expect(one.log).toEqual([1, 2, 3]);
    expect(two.log).toEqual(['snapshot {"n":2} 2', 3]);
  });

  test("one that leaves before the reply leaves nothing behind", async () => {
    const { client, socket } = await online();
    const { subscription } = listen(client);
    subscription.unsubscribe();
    expect(socket.of("unsubscribe")).toEqual([]);
    await subscribed(socket);
    expect(socket.of("unsubscribe")).toHaveLength(1);
  });
});

describe("refusals", () => {
  test("a refused subscription ends (SUB-5)", async () => {
    const { client, world, socket } = await online();
    const { log } = listen(client);
    await socket.fail(socket.last("subscribe"), { code: "forbidden" });
    expect(log).toEqual(["end forbidden"]);
    socket.end(1006);
    expect((await world.reconnected()).of("subscribe")).toEqual([]);
  });

  test("one that is refused for the moment is repeated when the server says so", async () => {
    const { client, socket } = await online();
    const { log } = listen(client);
    await socket.fail(socket.last("subscribe"), { code: "busy", temporary: true, retry_after: 2 });
    await pass(1999);
    expect(socket.of("subscribe")).toHaveLength(1);
    await pass(1);
    await subscribed(socket);
    socket.event("chat.1", 1);
    expect(log).toEqual([1]);
  });

  test("the server may end it (SUB-4)", async () => {
    const { client, socket } = await online();
    const { log } = listen(client);
    await subscribed(socket);
    socket.push({ type: "unsubscribed", topic: "chat.1", data: { reason: "removed" } });
    socket.event("chat.1", 1);
    expect(log).toEqual(["end removed"]);
  });
});

describe("leaving at an awkward moment", () => {
  const handlers = (onEvent: (offset: number | undefined) => void) => ({
    onEvent: ({ offset }: { offset?: number }) => onEvent(offset),
    onReset: () => {},
  });

  test("who is unsubscribed by another handler of the same event doesn't get it any more", async () => {
    const { client, socket } = await online();
    const got: string[] = [];
    client.subscribe("chat.1", handlers(() => (got.push("first"), second.unsubscribe())));
    const second = client.subscribe("chat.1", handlers(() => got.push("second")));
    await socket.ok(socket.last("subscribe"), { position: { epoch: "e", offset: 0 }, recovered: false, events: [] });
    socket.event("chat.1", 1);
    expect(got).toEqual(["first"]);
  });

  test("unsubscribed while subscribing, and subscribed again: one subscription, and every event once", async () => {
    const { client, socket } = await online();
    const got: (number | undefined)[] = [];
    const first = client.subscribe("chat.1", handlers(() => got.push(-1)));
    first.unsubscribe();
    client.subscribe("chat.1", handlers((offset) => got.push(offset)));
    await socket.ok(socket.last("subscribe"), { position: { epoch: "e", offset: 4 }, recovered: false, events: [] });
    socket.event("chat.1", 5);
    expect(got).toEqual([5]);
    expect(socket.of("subscribe")).toHaveLength(1);
    expect(socket.of("unsubscribe")).toHaveLength(0);
  });

  test("a topic that nobody wants any more is not subscribed to after a refusal that passes", async () => {
    const { client, socket } = await online();
    const subscription = client.subscribe("chat.1", handlers(() => {}));
    await socket.fail(socket.last("subscribe"), { code: "busy", temporary: true, retry_after: 1 });
    subscription.unsubscribe();
    await pass(5000);
    expect(socket.of("subscribe")).toHaveLength(1);
  });
});
