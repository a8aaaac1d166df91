import { beforeEach, describe, expect, test, vi } from "vitest";
import { Client, MemoryStore, type QueueStore, type StoredCommand, type StoreHandlers } from "../src/index.js";
import { FakeWorld, online, pass, settle } from "./fake.js";
import { acknowledge, contents, send } from "./sending.js";

beforeEach(() => {
  vi.useFakeTimers();
});

function listen(store: MemoryStore, adopt: (commands: StoredCommand[]) => void): void {
  store.open("7", { adopt, loaded: () => {}, trouble: () => {} });
}

describe("the store", () => {
  test("what a page left behind is sent by the next, with the same client_id", async () => {
    const store = new MemoryStore();
    const { client, socket } = await online({ store });
    void send(client, "a");
    void send(client, "b");
    const { client_id } = socket.last("chat.send")["data"];
    const after = await online({ store });
    const replied: unknown[] = [];
    after.client.on("replied", ({ command }) => replied.push(command.data.client_id));
    expect(after.socket.last("chat.send")["data"]).toEqual({ content: "a", client_id });
    await acknowledge(after.socket);
    await acknowledge(after.socket);
    expect(contents(after.socket)).toEqual(["a", "b"]);
    expect(replied[0]).toBe(client_id);
    expect((await online({ store })).client.queue).toEqual([]);
  });

  test("what failed is still there after a reload, and not sent by itself", async () => {
    const store = new MemoryStore();
    const { client, socket } = await online({ store });
    void send(client, "a");
    await socket.fail(socket.last("chat.send"), { code: "too_long", message: "Too long" });
    const after = await online({ store });
    expect(after.client.queue).toMatchObject([{ state: "failed", error: { code: "too_long" } }]);
    expect(contents(after.socket)).toEqual([]);
  });

  test("another user's never go out as this one's", async () => {
    const store = new MemoryStore();
    const { client, world, socket } = await online({ store });
    const reply = send(client, "ada's");
    socket.end(1006);
    const other = { id: 8, username: "bob", first_name: "", last_name: "" };
    const next = await world.reconnected({ user: other });
    expect(contents(next)).toEqual([]);
    expect(client.queue).toEqual([]);
    expect(await reply).toBe("signed_out");
    next.end(1006);
    expect(contents(await world.reconnected())).toEqual(["ada's"]);
  });

  test("what was given before the user is known is the first session's", async () => {
    const store = new MemoryStore();
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world, store });
    void send(client, "early");
    client.connect();
    world.current.ready();
    expect(contents(world.current)).toEqual(["early"]);
    await settle();
    const kept: string[] = [];
    listen(store, (commands) => kept.push(...commands.map(({ data }) => String(data["content"]))));
    expect(kept).toEqual(["early"]);
  });

  test("a page that knows its user stores as that user's before it has ever been online", () => {
    const store = new MemoryStore();
    const client = new Client({ url: "ws://test/ws/", environment: new FakeWorld(), store });
    client.useQueueOf(7);
    void send(client, "early");
    const kept: unknown[] = [];
    listen(store, (commands) => kept.push(...commands));
    expect(kept).toHaveLength(1);
  });

  /** A store that takes its time. */
  function slowStore() {
    const told: StoreHandlers[] = [];
    const store: QueueStore = { open: (_, handlers) => (told.push(handlers), () => {}), put: () => {}, remove: () => {} };
    return { store, told };
  }

  test("what is given now waits for what an earlier page left behind", async () => {
    const { store, told } = slowStore();
    const { client, socket } = await online({ store });
    void send(client, "new");
    expect(contents(socket)).toEqual([]);
    const data = { client_id: "1", content: "old" };
    told[0]!.adopt([{ key: "0", type: "chat.send", topic: "chat.1", data, at: Date.now() }]);
    told[0]!.loaded();
    await acknowledge(socket);
    expect(contents(socket)).toEqual(["old", "new"]);
  });

  test("but not for a storage that hangs", async () => {
    const { store } = slowStore();
    const { client, socket } = await online({ store });
    void send(client, "new");
    await pass(3000);
    expect(contents(socket)).toEqual(["new"]);
  });

  test("its trouble is told", async () => {
    const { store, told } = slowStore();
    const { client } = await online({ store });
    const heard: unknown[] = [];
    client.on("storage", (trouble) => heard.push(trouble?.reason ?? null));
    told[0]!.trouble({ reason: "full", error: null });
    told[0]!.trouble(null);
    expect(heard).toEqual(["full", null]);
  });

  test("the queue is the same array until it changes, as a UI library wants it", async () => {
    const { client } = await online();
    const before = client.queue;
    expect(client.queue).toBe(before);
    void send(client, "a");
    expect(client.queue).not.toBe(before);
  });

  test("what is older than the server's memory is left to the user", async () => {
    const store = new MemoryStore();
    const { client } = await online({ store });
    void send(client, "old");
    await pass(25 * 3600 * 1000);
    const after = await online({ store });
    expect(contents(after.socket)).toEqual([]);
    expect(after.client.queue).toMatchObject([{ state: "failed", error: { code: "expired" } }]);
    after.client.retry(after.client.queue[0]!.key);
    expect(contents(after.socket)).toEqual(["old"]);
  });
});
