import { beforeEach, expect, test, vi } from "vitest";
import { Client, HubbubError } from "../src/index.js";
import { FakeWorld, online, pass, settle } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

test("a reply finds its command by id (ENV-3)", async () => {
  const { client, socket } = await online();
  const first = client.command("chat.history", "chat.1", { limit: 1 });
  const second = client.command("chat.history", "chat.2", { limit: 2 });
  const [one, two] = socket.of("chat.history");
  await socket.ok(two!, { messages: [], more: true });
  await socket.ok(one!, { messages: [], more: false });
  expect((await first).more).toBe(false);
  expect((await second).more).toBe(true);
});

test("an error is typed (ERR-1)", async () => {
  const { client, socket } = await online();
  const reply = client.command("chat.read", "chat.1", {}).catch((error: unknown) => error);
  await socket.fail(socket.last("chat.read"), { code: "busy", message: "Busy", temporary: true, retry_after: 2 });
  const error = await reply;
  expect(error).toBeInstanceOf(HubbubError);
  expect(error).toMatchObject({ code: "busy", message: "Busy", temporary: true, retryAfter: 2 });
});

test("a command that is given while connecting waits", async () => {
  const world = new FakeWorld();
  const client = new Client({ url: "ws://test/ws/", environment: world });
  client.connect();
  const reply = client.command("chat.join_room", null, { name: "lobby" });
  world.current.ready();
  expect(world.current.last("chat.join_room")).not.toHaveProperty("topic");
  await world.current.ok(world.current.last("chat.join_room"), { conversation: { id: 1 } });
  expect((await reply).conversation.id).toBe(1);
});

test("a command without a reply times out", async () => {
  const { client } = await online();
  const reply = client.command("chat.read", "chat.1", {}, { timeout: 500 }).catch((error: HubbubError) => error.code);
  await pass(500);
  expect(await reply).toBe("timeout");
});

test("a command whose connection ends is not sent again by itself", async () => {
  const { client, world, socket } = await online();
  const reply = client.command("chat.read", "chat.1", {}).catch((error: HubbubError) => error.code);
  socket.end(1006);
  expect(await reply).toBe("disconnected");
  expect((await world.reconnected()).of("chat.read")).toEqual([]);
});

test("a command that waits is rejected when the client won't connect any more", async () => {
  const world = new FakeWorld();
  const client = new Client({ url: "ws://test/ws/", environment: world });
  client.connect();
  const reply = client.command("chat.read", "chat.1", {}).catch((error: HubbubError) => error.code);
  world.current.end(4001);
  expect(await reply).toBe("signed_out");
});

test("a frame that is too long fails alone and is never sent (LIM-1)", async () => {
  const { client, socket } = await online();
  socket.ready({ limits: { frame_bytes: 200, subscriptions: 1 } });
  const reply = client.command("chat.send", "chat.1", { content: "ü".repeat(100) }, { queue: true });
  await expect(reply).rejects.toMatchObject({ code: "too_big", temporary: false });
  expect(socket.of("chat.send")).toEqual([]);
  expect(client.queue).toEqual([]);
});

test("an error without a command is told", async () => {
  const { client, socket } = await online();
  const errors: string[] = [];
  client.on("error", ({ code }) => errors.push(code));
  socket.push({ type: "error", error: { code: "bad_json", message: "", temporary: false } });
  expect(errors).toEqual(["bad_json"]);
});

test("a listener that throws harms nobody else", async () => {
  const { client, socket } = await online();
  const thrown = vi.fn();
  vi.stubGlobal("reportError", thrown);
  const seen: string[] = [];
  client.on("status", () => {
    throw new Error("mine");
  });
  client.on("status", (status) => seen.push(status));
  socket.end(1006);
  await settle();
  expect(seen).toEqual(["connecting"]);
  expect(thrown).toHaveBeenCalled();
  vi.unstubAllGlobals();
});
