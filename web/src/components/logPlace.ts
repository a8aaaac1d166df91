import type { Place } from "../state/conversation";

/** Nearer to the end than this, one is taken to read along. */
const NEAR_END_PX = 80;

export function isAtEnd(log: HTMLElement): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
}

export function toEnd(log: HTMLElement): void {
  log.scrollTop = log.scrollHeight;
}

/** Where one is in the log: its uppermost message in sight; null at the end, or without messages. */
export function placeOf(log: HTMLElement): Place | null {
  if (isAtEnd(log)) return null;
  const { top } = log.getBoundingClientRect();
  // The chunk first: of those out of sight nothing is laid out.
  const chunk = find(log, ".message-chunk", top);
  const line = chunk && find(chunk, "[data-number]", top);
  return line ? { number: Number(line.dataset["number"]), below: line.getBoundingClientRect().top - top } : null;
}

/** Scroll so that the place is where it was. Returns false where its message isn't there. */
export function toPlace(log: HTMLElement, { number, below }: Place): boolean {
  const line = log.querySelector(`[data-number="${number}"]`);
  if (!line) return false;
  // What comes into sight by scrolling is laid out only then, and may be taller than was thought.
  for (let round = 0; round < 3; round++) {
    const off = line.getBoundingClientRect().top - log.getBoundingClientRect().top - below;
    if (Math.abs(off) < 1) break;
    log.scrollTop += off;
  }
  return true;
}

function find(inside: HTMLElement, selector: string, top: number): HTMLElement | undefined {
  const all = inside.querySelectorAll<HTMLElement>(selector);
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]!.getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  return all[low];
}
