import { beforeEach, expect, test, vi } from "vitest";
import type { Client, Position } from "../src/index.js";
import { online, pass, type FakeSocket } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

const at = (offset: number, epoch = "e") => ({ epoch, offset });

function follow(client: Client) {
  const log: unknown[] = [];
  const stop = client.followAnnouncements({
    onFeed: ({ unread }) => log.push(`feed ${unread}`),
    onEvent: ({ type, topic, offset }) => log.push(`${type.split(".")[1]} ${topic} ${offset}`),
    onError: ({ code }) => log.push(code),
  });
  return { log, stop };
}

async function answer(socket: FakeSocket, positions: Record<string, Position>, reset: string[] = []): Promise<void> {
  const feed = { announcements: [], unread: 2, positions, reset };
  await socket.ok(socket.last("announcements.subscribe"), feed);
}

const happen = (socket: FakeSocket, topic: string, offset: number, type = "announced", data: object = {}) =>
  socket.push({ type: `announcements.${type}`, topic, offset, data });

test("what is announced to any audience comes once and in order (ANN-1)", async () => {
  const { client, socket } = await online();
  const { log } = follow(client);
  expect(socket.last("announcements.subscribe")["data"]).toEqual({ since: {} });
  happen(socket, "audience.everyone", 4);
  await answer(socket, { "audience.everyone": at(3), "announcements.7": at(0) });
  happen(socket, "audience.everyone", 4);
  happen(socket, "announcements.7", 1, "seen_up_to");
  expect(log).toEqual(["feed 2", "announced audience.everyone 4", "seen_up_to announcements.7 1"]);
});

test("after a loss it goes on from where each audience stood", async () => {
  const { client, world, socket } = await online();
  const { log } = follow(client);
  await answer(socket, { "audience.everyone": at(3), "announcements.7": at(0) });
  happen(socket, "audience.everyone", 4);
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.last("announcements.subscribe")["data"].since).toEqual({ "audience.everyone": at(4), "announcements.7": at(0) });
  happen(next, "audience.everyone", 5);
  await answer(next, { "audience.everyone": at(5), "announcements.7": at(0) });
  expect(log).toEqual(["feed 2", "announced audience.everyone 4", "announced audience.everyone 5", "feed 2"]);
});

test("an audience that is joined comes by itself, and is resumed from where it was", async () => {
  const { client, world, socket } = await online();
  follow(client);
  await answer(socket, { "announcements.7": at(0) });
  happen(socket, "announcements.7", 1, "joined", { audience: "team.3", position: at(5), announcements: [] });
  happen(socket, "audience.team.3", 6);
  socket.end(1006);
  const next = await world.reconnected();
  expect(next.last("announcements.subscribe")["data"].since["audience.team.3"]).toEqual(at(6));
});

test("the inbox and the announcements each have their own topics", async () => {
  const { client, socket } = await online();
  const { log } = follow(client);
  const inbox: string[] = [];
  client.followInbox({ onInbox: () => inbox.push("inbox"), onEvent: ({ topic }) => inbox.push(topic) });
  await answer(socket, {});
  await socket.ok(socket.last("inbox.subscribe"), { conversations: [], positions: {}, reset: [] });
  happen(socket, "audience.team.3", 1);
  socket.event("chat.1", 1);
  expect(log).toEqual(["feed 2", "announced audience.team.3 1"]);
  expect(inbox).toEqual(["inbox", "chat.1"]);
});

test("positions that no frame holds are left out; what is missing there is asked for alone", async () => {
  const { client, world, socket } = await online();
  const { log } = follow(client);
  const all = Object.fromEntries(Array.from({ length: 100 }, (_, number) => [`audience.group.${number}`, at(1)]));
  await answer(socket, all);
  socket.end(1006);
  const next = await world.reconnected({ limits: { frame_bytes: 2000, subscriptions: 100 } });
  const { since } = next.last("announcements.subscribe")["data"];
  const left = Object.keys(all).filter((topic) => !(topic in since));
  expect(JSON.stringify(next.last("announcements.subscribe")).length).toBeLessThan(2000);
  expect(left.length).toBeGreaterThan(50);
  const [quiet, busy, restored] = left as [string, string, string];
  await answer(next, { ...all, [busy]: at(2), [restored]: at(1, "f") });
  expect(next.of("subscribe").map(({ topic, since }) => [topic, since])).toEqual([[busy, at(1)]]);
  const events = [{ type: "announcements.announced", offset: 2, data: {} }];
  await next.ok(next.last("subscribe"), { position: at(2), recovered: true, events });
  happen(next, quiet, 2);
  happen(next, restored, 2);
  expect(log.slice(2)).toEqual([busy, quiet, restored].map((topic) => `announced ${topic} 2`));
});

test("a refusal is told, or repeated where it is temporary", async () => {
  const { client, socket } = await online();
  const { log, stop } = follow(client);
  await socket.fail(socket.last("announcements.subscribe"), { code: "busy", temporary: true, retry_after: 1 });
  await pass(1000);
  await socket.fail(socket.last("announcements.subscribe"), { code: "unknown_command" });
  expect(log).toEqual(["unknown_command"]);
  stop();
});
