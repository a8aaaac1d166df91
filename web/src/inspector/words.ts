/** Numbers as they are read at a glance. */

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${short(count / 1000)} kB`;
  return `${short(count / 1_000_000)} MB`;
}

export function whole(count: number): string {
  return count.toLocaleString("en");
}

/** So many a second. */
export function rate(count: number): string {
  return count < 100 ? count.toFixed(1) : whole(Math.round(count));
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function milliseconds(seconds: number): string {
  return `${short(seconds * 1000)} ms`;
}

/** The time of a frame, to the millisecond. */
export function clock(at: string): string {
  const time = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  const thousandths = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${thousandths}`;
}

function short(number: number): string {
  return number < 10 ? number.toFixed(1) : whole(Math.round(number));
}
