import { beforeEach, expect, test, vi } from "vitest";
import type { Client, Notification } from "../src/index.js";
import { online, settle, type FakeSocket } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

const at = (offset: number) => ({ epoch: "e", offset });
const notification = (number: number, changes: Partial<Notification> = {}): Notification => ({
  id: number + 100,
  number,
  kind: "general",
  level: "info",
  title: `No. ${number}`,
  body: "",
  link: "",
  actor: null,
  count: 1,
  data: {},
  created_at: "2026-01-01T00:00:00Z",
  read: false,
  ...changes,
});

function follow(client: Client) {
  const stop = client.notifications.follow(() => {});
  const shown = () =>
    client.notifications.state.list?.map(({ number, read, count }) => `${number}${read ? " read" : ""}${count > 1 ? ` x${count}` : ""}`);
  return { stop, shown };
}

async function answer(socket: FakeSocket, notifications: Notification[], unread: number): Promise<void> {
  await socket.ok(socket.last("subscribe"), {
    position: at(1),
    recovered: false,
    events: [],
    snapshot: { notifications, unread },
  });
}

const happen = (socket: FakeSocket, offset: number, type: string, data: object) =>
  socket.push({ type: `notifications.${type}`, topic: "notifications.7", offset, data });

test("they are followed as they come, are marked and go (NTF-1)", async () => {
  const { client, socket } = await online();
  const { shown } = follow(client);
  expect(socket.last("subscribe")).toMatchObject({ topic: "notifications.7", data: { snapshot: true } });
  await answer(socket, [notification(2), notification(1, { read: true })], 1);
  expect(shown()).toEqual(["2", "1 read"]);
  happen(socket, 2, "notified", { notification: notification(3), unread: 2, alert: true });
  happen(socket, 3, "notified", { notification: notification(4, { id: 102, count: 2 }), unread: 2, alert: false });
  expect(shown()).toEqual(["4 x2", "3", "1 read"]);
  happen(socket, 4, "changed", { notification: notification(3, { count: 2 }), unread: 2 });
  expect(shown()).toEqual(["4 x2", "3 x2", "1 read"]);
  happen(socket, 5, "changed", { notification: notification(3), unread: 2 });
  happen(socket, 6, "marked", { ids: [103], read: true, up_to: null, unread: 1 });
  happen(socket, 7, "marked", { ids: [101], read: false, up_to: null, unread: 2 });
  expect(shown()).toEqual(["4 x2", "3 read", "1"]);
  happen(socket, 8, "marked", { ids: [], read: true, up_to: 3, unread: 1 });
  happen(socket, 9, "withdrawn", { ids: [101], unread: 1 });
  expect(shown()).toEqual(["4 x2", "3 read"]);
  expect(client.notifications.state.unread).toBe(1);
});

test("all that are shown are marked, and none that comes meanwhile", async () => {
  const { client, socket } = await online();
  follow(client);
  await answer(socket, [notification(9), notification(8)], 2);
  void client.notifications.markAll();
  void client.notifications.mark([108], false);
  await settle();
  expect(socket.last("notifications.mark_all")["data"]).toEqual({ up_to: 9 });
  expect(socket.last("notifications.mark")["data"]).toEqual({ ids: [108], read: false });
});

test("earlier ones join the list", async () => {
  const { client, socket } = await online();
  const { shown } = follow(client);
  const latest = Array.from({ length: 30 }, (_, index) => notification(40 - index));
  await answer(socket, latest, 40);
  expect(client.notifications.state.more).toBe(true);
  const loading = client.notifications.loadEarlier();
  await settle();
  expect(socket.last("notifications.history")["data"]).toMatchObject({ before: 11 });
  await socket.ok(socket.last("notifications.history"), { notifications: [notification(10), notification(9)], more: false });
  await loading;
  expect(shown()?.slice(29)).toEqual(["11", "10", "9"]);
  expect(client.notifications.state.more).toBe(false);
});

test("they begin anew for another user, and are forgotten when nobody follows", async () => {
  const { client, world, socket } = await online();
  const { stop } = follow(client);
  await answer(socket, [notification(1)], 1);
  socket.end(1006);
  const next = await world.reconnected({ user: { id: 8, username: "bob", first_name: "", last_name: "" } });
  expect(client.notifications.state).toEqual({ list: null, unread: 0, more: false });
  expect(next.last("subscribe")["topic"]).toBe("notifications.8");
  await answer(next, [], 0);
  stop();
  expect(next.last("unsubscribe")["topic"]).toBe("notifications.8");
});
