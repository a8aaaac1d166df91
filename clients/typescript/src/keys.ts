import { uniqueId } from "./environment.js";

/** Keys for commands, unique over all pages, that sort as the commands were given. */
export class Keys {
  #last = { time: 0, count: 0 };

  /** Sorts by time, and by order within a millisecond; a clock that goes back changes nothing. */
  next(at: number): string {
    const { time, count } = this.#last;
    this.#last = at > time ? { time: at, count: 0 } : { time, count: count + 1 };
    const [first, second] = [this.#last.time, this.#last.count].map((part) => part.toString(36).padStart(9, "0"));
    return `${first}-${second}-${uniqueId().slice(0, 8)}`;
  }

  /** Keys that come sort after one that an earlier page gave. */
  follow(key: string): void {
    const [time = 0, count = 0] = key.split("-", 2).map((part) => parseInt(part, 36) || 0);
    const last = this.#last;
    if (time > last.time || (time === last.time && count > last.count)) this.#last = { time, count };
  }
}
