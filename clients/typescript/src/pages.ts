import { uniqueId } from "./environment.js";

/** How long a page that lives may take to say so, where there are no locks, in milliseconds. */
const PATIENCE = 1000;
/** How often it is asked. */
const EVERY = 10_000;

type Word = { here: string } | { hello: string } | { ask: string };

/**
 * The pages of one origin that live, told apart by name: who is there, and who is gone.
 *
 * A page holds a lock of its name as long as it lives, so who gets that lock knows that the page is gone.
 * Without locks (plain http) pages are asked, and one that is silent counts as gone. It may only be frozen:
 * what it had is then with two pages.
 */
export class Pages {
  readonly name = uniqueId();
  #prefix: string;
  #locks: LockManager | null;
  #channel: BroadcastChannel | null;
  #release = () => {};
  #met = new EventTarget();

  constructor(prefix: string, locks: LockManager | null) {
    this.#prefix = prefix;
    this.#locks = locks;
    this.#channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(prefix);
    // In Node a channel would keep the process alive.
    (this.#channel as { unref?: () => void } | null)?.unref?.();
    this.#channel?.addEventListener("message", ({ data }: MessageEvent<Word>) => this.#heard(data));
  }

  /** Begin to live: from now on what bears this page's name is left alone by the others. */
  async live(): Promise<void> {
    if (this.#locks) {
      const locks = this.#locks;
      await new Promise<void>((held) => {
        const gone = new Promise<void>((release) => (this.#release = release));
        // A document that may hold no lock goes on like one without locks.
        locks.request(this.#lockOf(this.name), () => (held(), gone)).catch(() => ((this.#locks = null), held()));
      });
    }
    this.#say({ hello: this.name });
  }

  /** Live no longer: the others may take over. */
  end(): void {
    this.#release();
    this.#channel?.close();
    this.#channel = null;
  }

  /** Call `met` for every page that is heard of, until the signal ends this. */
  onMet(met: (page: string) => void, signal: AbortSignal): void {
    this.#met.addEventListener("met", (event) => met((event as CustomEvent<string>).detail), { signal });
  }

  /**
   * Run `then` if the page is gone. Returns whether it was. No two pages run it for the same page at
   * the same time, where there are locks.
   */
  async ifGone(page: string, then: () => Promise<void>): Promise<boolean> {
    if (!this.#locks) {
      if (await this.#answers(page)) return false;
      await then();
      return true;
    }
    return this.#locks.request(this.#lockOf(page), { ifAvailable: true }, async (lock) => {
      if (lock) await then();
      return lock !== null;
    });
  }

  /** Run `then` as soon as the page is gone, unless the signal ends this before. */
  whenGone(page: string, then: () => Promise<void>, signal: AbortSignal): void {
    if (this.#locks) {
      this.#locks.request(this.#lockOf(page), { signal }, then).catch(() => {
        // Aborted: another user's turn.
      });
      return;
    }
    const look = async () => {
      if (!(await this.ifGone(page, async () => (signal.aborted ? undefined : then())))) wait();
    };
    const wait = () => {
      const timer = setTimeout(() => void look(), EVERY);
      signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    };
    wait();
  }

  #answers(page: string): Promise<boolean> {
    return new Promise((answer) => {
      const controller = new AbortController();
      const end = (lives: boolean) => (controller.abort(), clearTimeout(timer), answer(lives));
      const timer = setTimeout(() => end(false), PATIENCE);
      this.onMet((met) => met === page && end(true), controller.signal);
      this.#say({ ask: page });
    });
  }

  #heard(word: Word): void {
    if ("hello" in word || ("ask" in word && word.ask === this.name)) this.#say({ here: this.name });
    const page = "hello" in word ? word.hello : "here" in word ? word.here : null;
    if (page !== null) this.#met.dispatchEvent(new CustomEvent("met", { detail: page }));
  }

  #say(word: Word): void {
    this.#channel?.postMessage(word);
  }

  #lockOf(page: string): string {
    return `${this.#prefix}:${page}`;
  }
}
