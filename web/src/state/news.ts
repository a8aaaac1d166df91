import type { Announcement, Notification } from "hubbub";
import { DAY } from "./clock";

/** One line of the page of notifications. */
export type News = { at: string; unread: boolean } & (
  | { notification: Notification; announcement?: never }
  | { announcement: Announcement; notification?: never }
);

/** How many a notification stands for, where that is more than one and its title doesn't say it; else null. */
export function countBeside({ title, count }: Pick<Notification, "title" | "count">): number | null {
  return count > 1 && !title.match(/\d+/g)?.includes(String(count)) ? count : null;
}

/** The latest first. */
export function inOrder(list: readonly News[]): News[] {
  return [...list].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

/** News by the days on which they came, as they are ordered. */
export function byDay(list: readonly News[], current: number, locale?: string): { day: string; news: News[] }[] {
  const days: { day: string; news: News[] }[] = [];
  for (const each of list) {
    const day = dayOf(Date.parse(each.at), current, locale);
    if (days.at(-1)?.day === day) days.at(-1)!.news.push(each);
    else days.push({ day, news: [each] });
  }
  return days;
}

/** What a day is called. */
export function dayOf(at: number, current: number, locale?: string): string {
  const days = Math.round((midnight(current) - midnight(at)) / DAY);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  const sameYear = new Date(at).getFullYear() === new Date(current).getFullYear();
  const year: Intl.DateTimeFormatOptions = sameYear ? {} : { year: "numeric" };
  return new Date(at).toLocaleDateString(locale, { weekday: "long", day: "numeric", month: "long", ...year });
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
