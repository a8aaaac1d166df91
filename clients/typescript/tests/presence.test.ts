import { beforeEach, expect, test, vi } from "vitest";
import type { Client, People } from "../src/index.js";
import { online, pass, settle, type FakeSocket } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

const user = (user_id: number, state = "online") => ({ user_id, state, last_seen: null, devices: [], invisible: false });

function watch(client: Client, ids: number[]) {
  const log: string[] = [];
  const stop = client.presence.watch(ids, (people) => log.push(shown(people)));
  return { log, stop };
}

function shown(people: People): string {
  return [...people.values()].map(({ user_id, state }) => `${user_id} ${state}`).join(", ");
}

async function answer(socket: FakeSocket, ...users: object[]): Promise<void> {
  await socket.ok(socket.last("presence.watch"), { users });
}

function changed(socket: FakeSocket, users: object[], gone: number[] = []): void {
  socket.push({ type: "presence.changed", topic: "presence", data: { users, gone } });
}

test("what is so, and what changes (PRS-2, PRS-3)", async () => {
  const { client, socket } = await online();
  const { log } = watch(client, [1, 2, 3]);
  await settle();
  expect(socket.last("presence.watch")["data"]).toEqual({ users: [1, 2, 3] });
  await answer(socket, user(1), user(2, "offline"));
  changed(socket, [user(2, "away")]);
  changed(socket, [], [1]);
  expect(log).toEqual(["1 online, 2 offline", "1 online, 2 away", "2 away"]);
  expect(shown(client.presence.people)).toBe("2 away");
});

test("all who watch share one list, asked for once", async () => {
  const { client, socket } = await online();
  const first = watch(client, [1, 2]);
  const second = watch(client, [2, 3]);
  await settle();
  expect(socket.of("presence.watch").map(({ data }) => data.users)).toEqual([[1, 2, 3]]);
  await answer(socket, user(1), user(2), user(3));
  expect(first.log).toEqual(second.log);
  first.stop();
  first.stop();
  await settle();
  expect(socket.last("presence.watch")["data"]).toEqual({ users: [2, 3] });
  await answer(socket, user(2), user(3));
  changed(socket, [user(1, "away")]);
  expect(shown(client.presence.people)).toBe("2 online, 3 online");
  expect(first.log).toHaveLength(1);
});

test("what changes while the server is asked is asked once more", async () => {
  const { client, socket } = await online();
  watch(client, [1]);
  await settle();
  watch(client, [2]);
  watch(client, [3]);
  await settle();
  expect(socket.of("presence.watch")).toHaveLength(1);
  await answer(socket, user(1));
  expect(socket.of("presence.watch").map(({ data }) => data.users)).toEqual([[1], [1, 2, 3]]);
});

test("with a new connection it is all said and asked again, how one is first of all (PRS-5)", async () => {
  const { client, world, socket } = await online();
  client.presence.set({ state: "online", invisible: true });
  client.presence.set({ state: "away" });
  await socket.ok(socket.last("presence.set"), user(7));
  const { log } = watch(client, [1]);
  await settle();
  expect(socket.of("presence.set").map(({ data }) => data)).toEqual([
    { state: "online", invisible: true },
    { state: "away" },
  ]);
  await answer(socket, user(1));
  watch(client, [2]);
  await settle();
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.sent[0]).toMatchObject({ type: "presence.set", data: { state: "away", invisible: true } });
  expect(next.last("presence.watch")["data"]).toEqual({ users: [1, 2] });
  await answer(next, user(1, "offline"));
  expect(log).toEqual(["1 online", "1 offline"]);
});

test("that one may be seen is said once: another device may have chosen otherwise since (PRS-5)", async () => {
  const { client, world, socket } = await online();
  client.presence.set({ state: "online", invisible: true });
  socket.end(1006);
  client.presence.set({ invisible: false });
  const next = await world.reconnected();
  expect(next.last("presence.set")["data"]).toEqual({ state: "online", invisible: false });
  await next.ok(next.last("presence.set"), user(7));
  next.end(1006);
  const third = await world.reconnected();
  expect(third.last("presence.set")["data"]).toEqual({ state: "online" });
});

test("nothing is asked of a server where nobody watches or says anything", async () => {
  const { socket } = await online();
  await settle();
  expect(socket.sent.filter(({ type }) => type.startsWith("presence."))).toEqual([]);
});

test("a server without presence is asked once for each connection, and nobody hears of it", async () => {
  const { client, world, socket } = await online();
  const errors: unknown[] = [];
  client.on("error", (error) => errors.push(error));
  client.presence.set({ state: "online" });
  const { log } = watch(client, [1]);
  await settle();
  for (const type of ["presence.set", "presence.watch"]) await socket.fail(socket.last(type), { code: "unknown_command" });
  await pass(60_000);
  expect(socket.of("presence.watch")).toHaveLength(1);
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.of("presence.watch")).toHaveLength(1);
  expect([log, errors]).toEqual([[], []]);
});

test("what is refused for the moment is asked again", async () => {
  const { client, socket } = await online();
  const { log } = watch(client, [1]);
  await settle();
  await socket.fail(socket.last("presence.watch"), { code: "busy", temporary: true, retry_after: 2 });
  await pass(1900);
  expect(socket.of("presence.watch")).toHaveLength(1);
  await pass(200);
  await answer(socket, user(1));
  expect(log).toEqual(["1 online"]);
});

test("another user sees others, and is not said to be as the one before", async () => {
  const { client, world, socket } = await online();
  client.presence.set({ invisible: true });
  const { log } = watch(client, [1]);
  await settle();
  await answer(socket, user(1));
  socket.end(1006);
  const next = await world.reconnected({ user: { id: 8, username: "bob", first_name: "", last_name: "" } });
  expect(next.of("presence.set")).toEqual([]);
  expect(log).toEqual(["1 online", ""]);
});

test("who says how it is hears what came of it (PRS-1)", async () => {
  const { client, socket } = await online();
  const said = client.presence.set({ state: "online" });
  await socket.ok(socket.last("presence.set"), user(7));
  expect(await said).toEqual(user(7));
  const refused = client.presence.set({ invisible: true });
  await socket.fail(socket.last("presence.set"), { code: "not_authenticated", message: "Sign in first." });
  await expect(refused).rejects.toMatchObject({ code: "not_authenticated", temporary: false });
});

test("what is refused for the moment is said again, and what was said since counts", async () => {
  const { client, socket } = await online();
  const first = client.presence.set({ state: "online", invisible: true });
  const second = client.presence.set({ state: "away" });
  await socket.fail(socket.last("presence.set"), { code: "rate_limited", temporary: true, retry_after: 2 });
  await pass(1900);
  expect(socket.of("presence.set")).toHaveLength(1);
  await pass(200);
  expect(socket.last("presence.set")["data"]).toEqual({ state: "away", invisible: true });
  await socket.ok(socket.last("presence.set"), user(7, "away"));
  expect([await first, await second]).toEqual([user(7, "away"), user(7, "away")]);
});

test("what was not answered before the connection was lost is said with the next one", async () => {
  const { client, world, socket } = await online();
  const said = client.presence.set({ invisible: false });
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.last("presence.set")["data"]).toEqual({ invisible: false });
  await next.ok(next.last("presence.set"), user(7));
  expect(await said).toEqual(user(7));
});

test("where there is no connection any more it fails", async () => {
  const { client, socket } = await online();
  socket.end(1006);
  const said = client.presence.set({ state: "away" });
  client.close();
  await expect(said).rejects.toMatchObject({ code: "closed" });
});
