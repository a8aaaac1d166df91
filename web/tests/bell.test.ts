import { expect, test } from "vitest";
import type { Announcement, AnyEvent, Notification } from "hubbub";
import { afterAnnouncement, bannersOf, isUnread, nextMoment, seenUpTo, timeLeft } from "../src/state/banners";
import { channelsOf } from "../src/state/channels";
import { byDay, countBeside } from "../src/state/news";
import { afterProgress, percentOf, withRunning, type ShownJob } from "../src/state/progress";

const NOON = Date.parse("2026-03-03T12:00:00Z");
const later = (seconds: number) => new Date(NOON + seconds * 1000).toISOString();
const announcement = (number: number, changes: Partial<Announcement> = {}): Announcement => ({
  id: number,
  number,
  audience: "everyone",
  title: "Maintenance",
  body: "",
  level: "info",
  link: "",
  banner: true,
  acknowledge: false,
  begins_at: later(-60),
  counts_to: null,
  expires_at: null,
  created_at: later(-60),
  seen: false,
  acknowledged: false,
  ...changes,
});
const event = (type: string, data: object) => ({ type: `announcements.${type}`, topic: "t", offset: 1, data }) as AnyEvent;
const ids = (list: readonly Announcement[]) => list.map(({ id }) => id);

test("banners: the gravest first, none that is over, seen or dismissed, but until it is acknowledged", () => {
  const list = [
    announcement(9, { level: "danger", begins_at: later(60) }),
    announcement(8, { expires_at: later(0) }),
    announcement(7, { seen: true }),
    announcement(6, { seen: true, acknowledge: true }),
    announcement(5, { level: "warning", acknowledge: true, acknowledged: true }),
    announcement(4, { level: "danger" }),
    announcement(3, { level: "warning" }),
    announcement(2),
    announcement(1, { banner: false }),
  ];
  expect(ids(bannersOf(list, new Set([2]), NOON))).toEqual([4, 3, 6]);
});

test("the server is told of what was seen here only when nothing older would go with it", () => {
  const list = [
    announcement(6),
    announcement(5, { acknowledge: true }),
    announcement(4),
    announcement(3, { banner: false }),
    announcement(2, { expires_at: later(0) }),
    announcement(1, { seen: true }),
  ];
  expect(seenUpTo(list, new Set([4]), NOON)).toBe(0);
  expect(seenUpTo(list, new Set([3]), NOON)).toBe(3);
  expect(seenUpTo(list, new Set([3, 4, 6]), NOON)).toBe(6);
  expect(seenUpTo(list, new Set([3, 6]), NOON)).toBe(3);
  expect(seenUpTo(list, new Set([1]), NOON)).toBe(0);
});

test("what was seen, dismissed here, or acknowledged on another device is not unread", () => {
  const unread = (changes: Partial<Announcement>) => isUnread(announcement(1, changes), new Set([2]));
  expect(unread({ acknowledge: true })).toBe(true);
  expect(unread({ acknowledge: true, acknowledged: true })).toBe(false);
  expect(unread({ seen: true })).toBe(false);
  expect(unread({ id: 2 })).toBe(false);
});

test("what the user has done with an announcement outlives its change, and comes from all devices", () => {
  let list: readonly Announcement[] = [announcement(1)];
  list = afterAnnouncement(list, event("announced", { announcement: announcement(2, { acknowledge: true }) }));
  list = afterAnnouncement(list, event("seen_up_to", { number: 1, unread: 1 }));
  list = afterAnnouncement(list, event("acknowledged", { id: 2 }));
  list = afterAnnouncement(list, event("changed", { announcement: announcement(1, { title: "Now" }) }));
  expect(list.map(({ id, seen, acknowledged, title }) => [id, seen, acknowledged, title])).toEqual([
    [2, false, true, "Maintenance"],
    [1, true, false, "Now"],
  ]);
  list = afterAnnouncement(list, event("joined", { announcements: [announcement(3, { audience: "team.1" })] }));
  expect(ids(list)).toEqual([3, 2, 1]);
  expect(ids(afterAnnouncement(list, event("left", { audience: "team.1" })))).toEqual([2, 1]);
  expect(ids(afterAnnouncement(list, event("withdrawn", { id: 2 })))).toEqual([3, 1]);
});

test.each([
  [581, "9:41"],
  [59.2, "1:00"],
  [0.4, "0:01"],
  [0, ""],
  [3600, "60:00"],
  [3601, "1 h 1 min"],
  [7200, "2 h"],
  [5 * 86400, "5 days"],
])("%s seconds before it, a clock says %s", (seconds, text) => {
  expect(timeLeft(seconds * 1000)).toBe(text);
});

test("the page is drawn anew when a clock goes on, something begins or ends, and else not", () => {
  const next = (changes: Partial<Announcement>) => (nextMoment([announcement(1, changes)], NOON) ?? NOON) - NOON;
  expect(next({})).toBe(0);
  expect(next({ counts_to: later(10.25) })).toBe(250);
  expect(next({ counts_to: later(10) })).toBe(1000);
  expect(next({ counts_to: later(7230) })).toBe(30_000);
  expect(next({ counts_to: later(-5), expires_at: later(30) })).toBe(30_000);
  expect(next({ begins_at: later(20), expires_at: later(30) })).toBe(20_000);
});

test("news stand under their days", () => {
  const at = (iso: string) => ({ at: iso, unread: false, notification: {} as Notification });
  const list = [at("2026-03-03T11:00:00"), at("2026-03-03T00:01:00"), at("2026-03-02T23:59:00"), at("2025-12-24T10:00:00")];
  const days = byDay(list, Date.parse("2026-03-03T12:00:00"), "en-GB");
  expect(days.map(({ news }) => news.length)).toEqual([2, 1, 1]);
  expect(days.map(({ day }) => day)).toEqual(["Today", "Yesterday", expect.stringContaining("24 December 2025")]);
});

test("the settings have columns for what can reach somebody", () => {
  const channels = { sms: true, email: false, push: true, site: true };
  const known = { kinds: [{ kind: "general", label: "General", channels }], quiet_hours: { begins: null, ends: null, timezone: "UTC" } };
  const names = (pushes: boolean) => channelsOf(known, pushes).map(({ name }) => name);
  expect(names(true)).toEqual(["site", "push", "email", "sms"]);
  expect(names(false)).toEqual(["site", "email", "sms"]);
});

test("how many a notification stands for is said once", () => {
  expect(countBeside({ title: "3 people like your post", count: 3 })).toBeNull();
  expect(countBeside({ title: "Line 13 has stopped", count: 3 })).toBe(3);
  expect(countBeside({ title: "Ada wrote to you", count: 1 })).toBeNull();
});

test("a job that ended stays so, whatever comes late", () => {
  const progress = (type: string, data: object) => ({ type: `progress.${type}`, topic: "t", data }) as AnyEvent;
  let list: readonly ShownJob[] = [];
  list = afterProgress(list, progress("started", { job: 1, title: "Import" }));
  list = afterProgress(list, progress("advanced", { job: 1, fraction: 0.4, message: "line 4" }));
  expect(list).toMatchObject([{ title: "Import", fraction: 0.4, outcome: null }]);
  list = afterProgress(list, progress("ended", { job: 1, title: "Import", outcome: "failed", message: "No file", link: "" }));
  list = afterProgress(list, progress("advanced", { job: 1, fraction: 0.5, message: "line 5" }));
  expect(list).toMatchObject([{ fraction: 0.4, outcome: "failed", message: "No file" }]);
  const running = [{ id: 2, title: "Export", fraction: 0.1, message: "" }];
  expect(withRunning(list, running).map(({ id, outcome }) => [id, outcome])).toEqual([
    [1, "failed"],
    [2, null],
  ]);
});

test("of a job of which nothing is known yet no number is shown", () => {
  expect(percentOf({ fraction: 0, message: "" })).toBeUndefined();
  expect(percentOf({ fraction: 0, message: "Reading" })).toBe(0);
  expect(percentOf({ fraction: 0.404, message: "" })).toBe(40);
});
