import { computed, effect, signal } from "@preact/signals";
import type { Announcement } from "hubbub";
import { account, unreadAtStart } from "./account";
import { afterAnnouncement, bannersOf, isUnread, live, nextMoment, seenUpTo } from "./banners";
import { client } from "./connection";
import { serverNow } from "./serverClock";

/** What is announced to the user, the latest first; null until it is known. */
export const announced = signal<readonly Announcement[] | null>(null);

/** The moment that what is shown is of: it moves when something begins, ends or counts down. */
export const moment = signal(serverNow());

/** How many are not seen; until the server has told this page, as many as were when it was made. */
export const unseen = computed(() => {
  if (announced.value) return live(announced.value, moment.value).filter(isUnseen).length;
  return unreadAtStart("announcements");
});

const SEEN_HERE = "hubbub_seen";
/** Those that were seen in this browser while older ones were not: the server is told when these are. */
const seenHere = signal<ReadonlySet<number>>(new Set());

/** Whether the user has not seen it, as far as this browser knows. */
export const isUnseen = (each: Announcement): boolean => isUnread(each, seenHere.value);

/** What stands across the page: the most severe first. */
export const banners = computed(() => bannersOf(announced.value ?? [], seenHere.value, moment.value));

/** Follow what is announced to the signed-in user. */
export function startAnnouncements(): void {
  const who = computed(() => account.value?.id ?? null);
  effect(() => {
    if (who.value === null) return;
    const key = `${SEEN_HERE}.${who.value}`;
    seenHere.value = new Set(JSON.parse(localStorage.getItem(key) ?? "[]") as number[]);
    const end = client.followAnnouncements({
      onFeed: (feed) => {
        moment.value = serverNow();
        announced.value = feed.announcements;
      },
      onEvent: (event) => {
        moment.value = serverNow();
        announced.value = afterAnnouncement(announced.value ?? [], event);
      },
    });
    return () => {
      end();
      announced.value = null;
      seenHere.value = new Set();
    };
  });
  effect(() => {
    const next = nextMoment(announced.value ?? [], moment.value);
    if (next === null) return;
    const wait = Math.min(next - serverNow(), 3_600_000);
    const timer = setTimeout(() => (moment.value = serverNow()), Math.max(wait, 0));
    return () => clearTimeout(timer);
  });
}

/** Say that one has seen everything up to an announcement. Rejects with a HubbubError. */
export async function seeUpTo(number: number): Promise<void> {
  await client.command("announcements.see", null, { up_to: number });
}

/** Rejects with a HubbubError. */
export async function acknowledge(announcement: Announcement): Promise<void> {
  await client.command("announcements.acknowledge", null, { id: announcement.id });
  if (!announcement.seen) await see(announcement);
}

/**
 * Say that one has seen this one, and no other: its banner goes. On one's other devices it stays until what is older is
 * seen as well. Rejects with a HubbubError.
 */
export async function see({ id: chosen }: Announcement): Promise<void> {
  const list = announced.value ?? [];
  const here = list.filter(({ id, seen }) => !seen && (id === chosen || seenHere.value.has(id)));
  seenHere.value = new Set(here.map(({ id }) => id));
  localStorage.setItem(`${SEEN_HERE}.${account.value?.id}`, JSON.stringify([...seenHere.value]));
  const seen = seenUpTo(list, seenHere.value, moment.value);
  if (seen > 0) await seeUpTo(seen);
}
