import type { Calls } from "./calls.js";
import type { Credentials } from "./credentials.js";
import type { Environment } from "./environment.js";
import type { Ready } from "./frames.js";

/** Refresh when this much of the token's time is left, but not before half of it is gone. */
const MARGIN = 60_000;
/** A token that is nearly over by the server's clock must not be asked for again and again. */
const SOONEST = 1000;
/** Between attempts that failed. */
const RETRY = 10_000;
/** What `setTimeout` can wait at most; a token that lives longer is looked at again then. */
const LONGEST = 2 ** 31 - 1;

/** Replaces the session's token before it expires, so that the session goes on (rule AUT-3). */
export class TokenRefresh {
  #credentials: Credentials;
  #calls: Calls;
  #world: Environment;
  #cancel = () => {};

  constructor(credentials: Credentials, calls: Calls, world: Environment) {
    this.#credentials = credentials;
    this.#calls = calls;
    this.#world = world;
  }

  /** A session is ready: look after its token. */
  start(ready: Ready): void {
    const { expires, renewable } = this.#credentials;
    // The token's clock is the server's, so its time left is counted from the server's time.
    if (renewable && expires !== null) this.#schedule(expires - Date.parse(ready.time));
  }

  /** The session is over. */
  stop(): void {
    this.#cancel();
  }

  #schedule(left: number): void {
    this.#after(Math.max(left - MARGIN, left / 2, SOONEST), () => void this.#refresh());
  }

  #after(ms: number, run: () => void): void {
    this.#cancel();
    const wait = Math.min(ms, LONGEST);
    this.#cancel = this.#world.after(wait, () => (ms > wait ? this.#after(ms - wait, run) : run()));
  }

  async #refresh(): Promise<void> {
    let wanted = true;
    this.#cancel = () => (wanted = false);
    try {
      const token = await this.#credentials.fresh();
      if (!wanted || token === null) return; // Without a token the server's 4001 will have the last word.
      const reply = await this.#calls.request({ type: "auth.refresh", data: { token } });
      const left = reply["expires_in"];
      if (wanted && typeof left === "number") this.#schedule(left * 1000);
    } catch {
      if (wanted) this.#after(RETRY, () => void this.#refresh());
    }
  }
}
