import { computed, effect, signal } from "@preact/signals";
import type { People, Person } from "hubbub";
import { client, status } from "./connection";
import { conversations } from "./inbox";
import { recall, remember } from "./preferences";

/** Without a touch of keyboard or pointer one is away after this long. */
const AWAY_MS = 5 * 60 * 1000;
const LOOK_MS = 15_000;

const seen = signal<People>(new Map());
const me = signal<Person["id"] | null>(null);

/** How the people of the user's conversations are; nobody is known to be anything while there is no connection. */
export const people = computed<People>(() =>
  status.value === "online" || status.value === "connecting" ? seen.value : new Map(),
);

/** How the others see the user, as far as the server says. */
export const own = computed(() => (me.value === null ? undefined : people.value.get(me.value)));

/** More users than this the server shows to nobody: those of the latest conversations, then. */
const MOST = 1000;

/** Whom one looks at; as text, which is equal while they are the same. */
const wanted = computed(() => {
  if (me.value === null) return "[]";
  const ids = new Set<Person["id"]>([me.value]);
  for (const { participants } of conversations.value ?? []) for (const { id } of participants) ids.add(id);
  return JSON.stringify([...ids].slice(0, MOST).sort());
});

const INVISIBLE = "invisible";

/** Appear offline, or not any more. Remembered on this device, for this user. Rejects where the server refuses. */
export function setInvisible(invisible: boolean): Promise<unknown> {
  remember(INVISIBLE, invisible && me.value !== null ? String(me.value) : "");
  return client.presence.set({ invisible });
}

/** Be here as this user, from the next connection on. */
export function appearAs(user: Person["id"]): void {
  me.value = user;
  touched = Date.now();
  away = false;
  client.presence.set({ state: "online", ...(recall(INVISIBLE) === String(user) ? { invisible: true } : {}) });
}

export function disappear(): void {
  me.value = null;
}

/** Whether one is invisible, as this connection was last told; undefined before it was told anything. */
let hidden: boolean | undefined;

function hear(found: People): void {
  const before = hidden;
  hidden = me.value === null ? undefined : found.get(me.value)?.invisible;
  seen.value = found;
  // Another device has undone it, or this one.
  if (before && hidden === false) setInvisible(false);
  // A server that has restarted has forgotten it.
  if (before === undefined && hidden === false && recall(INVISIBLE) === String(me.value)) setInvisible(true);
}

let touched = Date.now();
let away = false;

function look(): void {
  const now = Date.now() - touched >= AWAY_MS;
  if (now === away || me.value === null) return;
  away = now;
  client.presence.set({ state: away ? "away" : "online" });
}

/** Follow how people are, and tell whether somebody is at this device. */
export function startPresence(): void {
  effect(() => {
    const ids = JSON.parse(wanted.value) as Person["id"][];
    if (ids.length === 0) {
      seen.value = new Map();
      return;
    }
    return client.presence.watch(ids, hear);
  });
  effect(() => {
    if (me.value === null || status.value !== "online") hidden = undefined;
  });
  const touch = () => {
    touched = Date.now();
    look();
  };
  for (const type of ["pointerdown", "pointermove", "keydown", "wheel", "focus"]) {
    addEventListener(type, touch, { capture: true, passive: true });
  }
  setInterval(look, LOOK_MS);
}
