import { computed, effect, signal } from "@preact/signals";
import type { Announcement } from "hubbub";
import { account, unreadAtStart } from "./account";
import { afterAnnouncement, bannersOf, live, nextMoment } from "./banners";
import { client } from "./connection";
import { serverNow } from "./serverClock";

/** What is announced to the user, the latest first; null until it is known. */
export const announced = signal<readonly Announcement[] | null>(null);

/** The moment that what is shown is of: it moves when something begins, ends or counts down. */
export const moment = signal(serverNow());

/** How many are not seen; until the server has told this page, as many as were when it was made. */
export const unseen = computed(() => {
  if (announced.value) return live(announced.value, moment.value).filter(({ seen }) => !seen).length;
  return unreadAtStart("announcements");
});

/** Banners that were dismissed on this page while older ones were still shown. */
const dismissed = signal<ReadonlySet<number>>(new Set());

/** What stands across the page: the most severe first. */
export const banners = computed(() => bannersOf(announced.value ?? [], dismissed.value, moment.value));

/** Follow what is announced to the signed-in user. */
export function startAnnouncements(): void {
  const who = computed(() => account.value?.id ?? null);
  effect(() => {
    if (who.value === null) return;
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
      dismissed.value = new Set();
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
  if (!announcement.seen) await dismiss(announcement);
}

/**
 * Show a banner no more, here and on one's other devices; there it stays as long as older ones do, which would go with
 * it. Rejects with a HubbubError.
 */
export async function dismiss({ id: chosen }: Announcement): Promise<void> {
  const gone = new Set(dismissed.value).add(chosen);
  dismissed.value = gone;
  // What asks to be acknowledged stays until it is, seen or not.
  const waiting = banners.value.filter(({ seen, acknowledge: asks }) => !seen && !asks).map(({ number }) => number);
  const done = (announced.value ?? []).filter(({ id }) => gone.has(id)).map(({ number }) => number);
  const seen = Math.max(0, ...done.filter((number) => waiting.every((each) => number < each)));
  if (seen > 0) await seeUpTo(seen);
}
