import type { Announcement, AnyEvent } from "hubbub";
import { DAY, HOUR, MINUTE } from "./clock";

const SEVERITY = { info: 0, success: 0, warning: 1, danger: 2 } as const;

/** What stands across the page: the most severe first. `gone` are those that were dismissed here. */
export function bannersOf(
  list: readonly Announcement[],
  gone: ReadonlySet<number>,
  at: number,
): readonly Announcement[] {
  const wanted = ({ banner, seen, acknowledge, acknowledged, id }: Announcement) =>
    banner && (acknowledge ? !acknowledged : !seen && !gone.has(id));
  return live(list, at)
    .filter(wanted)
    .sort((one, other) => SEVERITY[other.level] - SEVERITY[one.level] || other.number - one.number);
}

/** Whether the user has neither seen nor acknowledged it. */
export const isUnread = ({ id, seen, acknowledged }: Announcement, gone: ReadonlySet<number>): boolean =>
  !seen && !acknowledged && !gone.has(id);

/**
 * Up to which number the server can be told that all is seen, 0 for nothing: it keeps one number, so that what was seen
 * here, `gone`, waits for what is older and was not.
 */
export function seenUpTo(list: readonly Announcement[], gone: ReadonlySet<number>, at: number): number {
  // A banner that asks to be acknowledged stays until it is, seen or not.
  const waits = (each: Announcement) => isUnread(each, gone) && !(each.banner && each.acknowledge);
  const oldest = Math.min(...live(list, at).filter(waits).map(({ number }) => number));
  const done = list.filter(({ id, seen, number }) => !seen && gone.has(id) && number < oldest);
  return Math.max(0, ...done.map(({ number }) => number));
}

/** Those that have begun and are not over. */
export function live(list: readonly Announcement[], at: number): readonly Announcement[] {
  return list.filter(
    ({ begins_at, expires_at }) => Date.parse(begins_at) <= at && (expires_at === null || Date.parse(expires_at) > at),
  );
}

/** The list after an event; one that it contains already changes nothing. */
export function afterAnnouncement(list: readonly Announcement[], event: AnyEvent): readonly Announcement[] {
  switch (event.type) {
    case "announcements.announced":
    case "announcements.changed":
      return withAnnouncement(list, event.data.announcement);
    case "announcements.joined":
      return event.data.announcements.reduce(withAnnouncement, list);
    case "announcements.left":
      return list.filter(({ audience }) => audience !== event.data.audience);
    case "announcements.withdrawn":
      return list.filter(({ id }) => id !== event.data.id);
    case "announcements.seen_up_to":
      return list.map((each) => (each.number <= event.data.number ? { ...each, seen: true } : each));
    case "announcements.acknowledged":
      return list.map((each) => (each.id === event.data.id ? { ...each, acknowledged: true } : each));
    default:
      return list;
  }
}

/** What an event tells is the same for all: what this user has done with it stays. */
function withAnnouncement(list: readonly Announcement[], told: Announcement): readonly Announcement[] {
  const before = list.find(({ id }) => id === told.id);
  const seen = told.seen || (before?.seen ?? false);
  const acknowledged = told.acknowledged || (before?.acknowledged ?? false);
  const others = list.filter(({ id }) => id !== told.id);
  return [{ ...told, seen, acknowledged }, ...others].sort((one, other) => other.number - one.number);
}

const SECOND = 1000;

/** When something next begins, ends or counts on; null where nothing does. */
export function nextMoment(list: readonly Announcement[], at: number): number | null {
  const times = list.flatMap(({ begins_at, expires_at, counts_to }) => {
    const bounds = [begins_at, expires_at].map((each) => (each ? Date.parse(each) : 0));
    const left = counts_to ? Date.parse(counts_to) - at : 0;
    const step = left > HOUR ? MINUTE : SECOND;
    // The clock changes where a whole step is left.
    return left > 0 ? [...bounds, at + (left % step || step)] : bounds;
  });
  const next = Math.min(...times.filter((each) => each > at));
  return Number.isFinite(next) ? next : null;
}

/** "9:41", "2 h 10 min", "3 days": how long it is until a time; the empty text once it is there. */
export function timeLeft(ms: number): string {
  if (ms <= 0) return "";
  if (ms <= HOUR) {
    const seconds = Math.ceil(ms / SECOND);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  const minutes = Math.ceil(ms / MINUTE);
  if (ms <= 2 * DAY) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  return `${Math.ceil(ms / DAY)} days`;
}
