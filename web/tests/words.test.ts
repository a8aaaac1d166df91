import { expect, test } from "vitest";
import { shortTime } from "../src/state/clock";
import { outgoingNote } from "../src/state/outgoing";
import { colourOf, nameOf, stateText, titleOf } from "../src/state/people";
import { pathOf, routeOf } from "../src/state/route";
import { BELIEVED_MS, stillTyping, typingLine, withTyping, withoutTypist } from "../src/state/typists";

const person = (id: number, first_name = "") => ({ id, username: `u${id}`, first_name, last_name: "" });

test.each([
  ["/", { view: "list" }],
  ["/new", { view: "new" }],
  ["/c/42", { view: "conversation", id: 42 }],
  ["/c/x", { view: "unknown" }],
  ["/r/caf%C3%A9", { view: "room", name: "café" }],
  ["/r/%E0%A4%A", { view: "room", name: "%E0%A4%A" }],
  ["/r/a/b", { view: "unknown" }],
  ["/r/a/info", { view: "room", name: "a", detail: true }],
  ["/c/42/info", { view: "conversation", id: 42, detail: true }],
  ["/settings", { view: "settings", section: null }],
  ["/settings/appearance", { view: "settings", section: "appearance" }],
  ["/rooms", { view: "rooms" }],
  ["/reset", { view: "reset" }],
  ["/verify", { view: "verify" }],
  ["/reset/x", { view: "unknown" }],
])("%s is a view", (path, view) => {
  expect(routeOf(path)).toEqual(view);
});

test("a view's address leads back to it", () => {
  const paths = ["", "new", "c/42", "c/42/info", "r/caf%C3%A9", "rooms", "settings", "settings/appearance", "sign-in", "reset", "verify"];
  for (const root of ["/", "/team/chat/"]) {
    for (const path of paths) expect(pathOf(routeOf(root + path, "", root), root)).toBe(root + path);
  }
});

test("what lies outside the UI's own part of a site is none of its views", () => {
  expect(routeOf("/c/42", "", "/chat/")).toEqual({ view: "unknown" });
  expect(routeOf("/chat", "", "/chat/")).toEqual({ view: "list" });
  expect(routeOf("/sign-in", "?next=/admin/", "/")).toEqual({ view: "sign-in", next: "/admin/" });
  expect(routeOf("/chat/sign-in", "?next=/admin/", "/chat/")).toEqual({ view: "sign-in", next: "/chat/" });
});

test.each([
  ["?next=/c/1", "/c/1"],
  ["?next=//evil.example", "/"],
  ["?next=/\\evil.example", "/"],
  ["?next=https://evil.example", "/"],
  ["", "/"],
])("signing in with %s leads to %s, never to another site", (query, next) => {
  expect(routeOf("/sign-in", query)).toEqual({ view: "sign-in", next });
});

test("times are relative up to a day, then dates", () => {
  const now = Date.UTC(2026, 6, 10, 12);
  const ago = (minutes: number) => shortTime(now - minutes * 60_000, now, "en-GB");
  expect([ago(0), ago(5), ago(59), ago(60), ago(60 * 23)]).toEqual(["just now", "5 min ago", "59 min ago", "1 h ago", "23 h ago"]);
  expect(ago(60 * 24 * 2)).toBe("8 Jul");
  expect(ago(60 * 24 * 365)).toBe("10 Jul 2025");
});

test("a message on its way says what it waits for, with the seconds left", () => {
  const held = (code: string, seconds: number) => ({
    state: "waiting" as const,
    held: { until: 1000 + seconds * 1000, error: { code, message: "", temporary: true } },
  });
  expect(outgoingNote({ state: "sending" }, true, 1000)).toBe("Sending");
  expect(outgoingNote({ state: "waiting" }, true, 1000)).toBe("Waits");
  expect(outgoingNote({ state: "waiting" }, false, 1000)).toBe("Waits for the connection");
  expect(outgoingNote(held("rate_limited", 2.4), false, 1000)).toBe("Waits for the connection");
  expect(outgoingNote(held("rate_limited", 2.4), true, 1000)).toBe("Too many at once. Sends in 3 s");
  expect(outgoingNote(held("rate_limited", 2.4), true, 3300)).toBe("Too many at once. Sends in 1 s");
  expect(outgoingNote(held("rate_limited", 2.4), true, 9000)).toBe("Too many at once. Sends in 1 s");
  expect(outgoingNote(held("busy", 2), true, 1000)).toBe("The server is busy. Sends in 2 s");
});

test("names, titles and colours", () => {
  const direct = { title: "", name: null, participants: [person(1), person(2, "Bo")] };
  expect(nameOf(person(1))).toBe("u1");
  expect(titleOf(direct as never, 1)).toBe("Bo");
  expect(titleOf({ ...direct, title: "Lunch" } as never, 1)).toBe("Lunch");
  expect(titleOf({ ...direct, participants: [person(1)] } as never, 1)).toBe("Just you");
  expect(colourOf(person(7))).toBe(colourOf(person(7)));
});

test("who types is believed until they stop, send, or too much time has passed", () => {
  const typists = withTyping(withTyping(new Map(), { user: person(1), is_typing: true }, 0), { user: person(2), is_typing: true }, 5);
  expect(stillTyping(typists, BELIEVED_MS + 1).size).toBe(1);
  expect(withTyping(typists, { user: person(1), is_typing: false }, 9).size).toBe(1);
  expect(withoutTypist(typists, 2).size).toBe(1);
  expect([[], ["A"], ["A", "B"], ["A", "B", "C"]].map(typingLine)).toEqual([
    "",
    "A is typing",
    "A and B are typing",
    "A and 2 others are typing",
  ]);
});

test.each([
  ["online", null, "online"],
  ["away", "2025-03-03T09:20:00Z", "away"],
  ["offline", "2025-03-03T09:25:00Z", "last seen 5 min ago"],
  ["offline", "2025-03-01T09:25:00Z", "last seen 1 Mar"],
  ["offline", null, ""],
] as const)("%s since %s is said as %j", (state, last_seen, text) => {
  const presence = { user_id: 7, state, last_seen, devices: [], invisible: false };
  expect(stateText(presence, Date.parse("2025-03-03T09:30:00Z"), "en-GB")).toBe(text);
});

test("of somebody of whom nothing is known nothing is said", () => {
  expect(stateText(undefined, 0)).toBe("");
});
