import { signal } from "@preact/signals";

/** The time, to the half minute: what shows "5 min ago" follows it. */
export const now = signal(Date.now());

export function startClock(): void {
  setInterval(() => (now.value = Date.now()), 30_000);
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A time as it is read at a glance: relative up to a day, then the date. */
export function shortTime(at: number, current: number, locale?: string): string {
  const age = current - at;
  if (age < MINUTE) return "just now";
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  const sameYear = new Date(at).getFullYear() === new Date(current).getFullYear();
  const date: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) };
  return new Date(at).toLocaleDateString(locale, date);
}

/** The exact time, for hovering and for screen readers. */
export function exactTime(at: number, locale?: string): string {
  return new Date(at).toLocaleString(locale, { dateStyle: "long", timeStyle: "short" });
}
