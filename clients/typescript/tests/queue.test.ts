import { beforeEach, describe, expect, test, vi } from "vitest";
import { Client } from "../src/index.js";
import { FakeWorld, online, pass } from "./fake.js";
import { acknowledge, contents, send } from "./sending.js";

beforeEach(() => {
  vi.useFakeTimers();
});

describe("order", () => {
  test("commands of one topic go out one by one, those of another don't wait for them (ENV-4)", async () => {
    const { client, socket } = await online();
    void send(client, "a");
    void send(client, "b");
    void send(client, "c", "chat.2");
    expect(contents(socket)).toEqual(["a", "c"]);
    await socket.ok(socket.of("chat.send")[0]!, { offset: 1 });
    expect(contents(socket)).toEqual(["a", "c", "b"]);
  });

  test("what was given while offline goes out in order", async () => {
    const { client, world, socket } = await online();
    socket.end(1006);
    const replies = ["a", "b", "c"].map((content) => send(client, content));
    expect(client.queue.map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting"]);
    const next = await world.reconnected();
    for (const offset of [1, 2, 3]) await acknowledge(next, offset);
    expect(contents(next)).toEqual(["a", "b", "c"]);
    expect(await Promise.all(replies)).toEqual([1, 2, 3]);
    expect(client.queue).toEqual([]);
  });
});

describe("resending (ACK-2)", () => {
  test("a command whose reply was lost goes out again with the same client_id", async () => {
    const { client, world, socket } = await online();
    const reply = send(client, "a");
    const first = socket.last("chat.send")["data"].client_id;
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    socket.end(1006);
    const next = await world.reconnected();
    expect(next.last("chat.send")["data"]).toEqual({ content: "a", client_id: first });
    await acknowledge(next, 9);
    expect(await reply).toBe(9);
  });

  test("a client_id of the caller's is kept", async () => {
    const { client, socket } = await online();
    void client.command("chat.send", "chat.1", { content: "a", client_id: "mine" }, { queue: true });
    expect(socket.last("chat.send")["data"].client_id).toBe("mine");
  });

  test("when nothing at all comes back the socket is given up", async () => {
    const { client, world, socket } = await online();
    void send(client, "a");
    await pass(15_000);
    expect(socket.closed).toBe(true);
    expect(contents(await world.reconnected())).toEqual(["a"]);
  });

  test("a slow command is waited for while the server is alive", async () => {
    const { client, socket } = await online();
    void send(client, "a");
    await pass(10_000);
    socket.push({ type: "ping" });
    await pass(10_000);
    expect(socket.closed).toBe(false);
    expect(contents(socket)).toEqual(["a"]);
  });

  test("a guest's command is not repeated: the server could not tell", async () => {
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world });
    client.connect();
    world.current.ready({ user: null });
    const reply = send(client, "a");
    void send(client, "b");
    world.current.end(1006);
    expect(await reply).toBe("unknown_outcome");
    expect(contents(await world.reconnected({ user: null }))).toEqual(["b"]);
  });
});

describe("errors (ERR-1)", () => {
  test("a temporary one is repeated after retry_after, and the topic's others wait (LIM-2)", async () => {
    const { client, socket } = await online();
    void send(client, "a");
    void send(client, "b");
    await socket.fail(socket.last("chat.send"), { code: "rate_limited", temporary: true, retry_after: 3 });
    await pass(2999);
    expect(contents(socket)).toEqual(["a"]);
    await pass(1);
    await acknowledge(socket);
    expect(contents(socket)).toEqual(["a", "a", "b"]);
  });

  test("what the server holds back says why and until when (LIM-2)", async () => {
    const { client, world, socket } = await online();
    const held = () => client.queue.map(({ held }) => held && [held.error.code, held.until - Date.now()]);
    void send(client, "a");
    void send(client, "b");
    await socket.fail(socket.last("chat.send"), { code: "rate_limited", temporary: true, retry_after: 3 });
    await pass(1000);
    expect(held()).toEqual([["rate_limited", 2000], undefined]);
    expect(client.queue.map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    await pass(2000);
    expect(held()).toEqual([undefined, undefined]);
    await socket.fail(socket.last("chat.send"), { code: "rate_limited", temporary: true, retry_after: 3 });
    socket.end(1006);
    expect(held()).toEqual([undefined, undefined]);
    await world.reconnected();
  });

  test("without retry_after after a jitter that grows", async () => {
    const { client, socket } = await online();
    void send(client, "a");
    for (const wait of [500, 1000, 2000]) {
      const before = contents(socket).length;
      await socket.fail(socket.last("chat.send"), { code: "busy", temporary: true });
      await pass(wait - 1);
      expect(contents(socket)).toHaveLength(before);
      await pass(1);
      expect(contents(socket)).toHaveLength(before + 1);
    }
  });

  test("an internal one is not repeated for ever", async () => {
    const { client, socket } = await online();
    const reply = send(client, "a");
    for (let attempt = 0; attempt < 5; attempt++) {
      await socket.fail(socket.last("chat.send"), { code: "internal", temporary: true });
      await pass(5000);
    }
    expect(await reply).toBe("internal");
    expect(contents(socket)).toHaveLength(5);
  });

  test("a permanent one rejects, and lets the next go", async () => {
    const { client, socket } = await online();
    const reply = send(client, "a");
    void send(client, "b");
    await socket.fail(socket.last("chat.send"), { code: "forbidden", message: "No." });
    expect(await reply).toBe("forbidden");
    expect(contents(socket)).toEqual(["a", "b"]);
    expect(client.queue).toMatchObject([{ state: "failed", error: { code: "forbidden", message: "No." } }, {}]);
  });

  test("a failed one is sent again with the same client_id, or discarded", async () => {
    const { client, socket } = await online();
    for (const content of ["a", "b"]) {
      void send(client, content);
      await socket.fail(socket.last("chat.send"), { code: "forbidden" });
    }
    const [a, b] = client.queue;
    client.discard(b!.key);
    client.retry(a!.key);
    expect(socket.last("chat.send")["data"]).toEqual(a!.data);
    client.discard(a!.key);
    expect(client.queue).toMatchObject([{ state: "sending" }]);
    await acknowledge(socket);
    expect(client.queue).toEqual([]);
  });
});
