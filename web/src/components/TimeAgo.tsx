import { DAY, exactTime, now, shortTime } from "../state/clock";

/** A time at a glance; the exact one on hover and for screen readers. */
export function TimeAgo({ at }: { at: string }) {
  const time = Date.parse(at);
  // A date stays what it is: a long log has thousands of them, and only the latest follow the clock.
  const current = now.peek() - time > DAY ? now.peek() : now.value;
  return (
    <time class="quiet" dir="auto" dateTime={at} title={exactTime(time)} aria-label={exactTime(time)}>
      {shortTime(time, current)}
    </time>
  );
}
