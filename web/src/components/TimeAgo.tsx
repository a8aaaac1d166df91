import { exactTime, now, shortTime } from "../state/clock";

/** A time at a glance; the exact one on hover and for screen readers. */
export function TimeAgo({ at }: { at: string }) {
  const time = Date.parse(at);
  return (
    <time class="quiet" dateTime={at} title={exactTime(time)} aria-label={exactTime(time)}>
      {shortTime(time, now.value)}
    </time>
  );
}
