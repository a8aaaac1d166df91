import { waitAfter, type BackoffOptions } from "./backoff.js";
import type { Calls } from "./calls.js";
import { guarded } from "./emitter.js";
import type { Environment } from "./environment.js";
import { clientError, type ClientErrorCode, type HubbubError } from "./errors.js";
import type { EventFrame } from "./frames.js";
import type { Presence, PresenceChanged, SetPresence, Watched } from "./generated.js";

/** A user's id. */
export type UserId = Presence["user_id"];

/** How users are, by their ids. Those whom one may not see are missing. */
export type People = ReadonlyMap<UserId, Presence>;

/** The most users that the server lets one connection look at. */
const MOST = 1000;

interface Watcher {
  users: readonly UserId[];
  changed: (people: People) => void;
}

interface Sayer {
  resolve(own: Presence): void;
  reject(error: HubbubError): void;
}

/** Who is online: whom one looks at, over any number of connections, and how one is oneself (rules PRS-1 to PRS-5). */
export class Presences {
  #calls: Calls;
  #world: Environment;
  #backoff: BackoffOptions;
  #watchers = new Set<Watcher>();
  #known: People = new Map();
  #own: SetPresence = {};
  #unsaid: SetPresence = {};
  #sayers: Sayer[] = [];
  #saying = false;
  #refusals = 0;
  #online = false;
  #session = 0;
  #due = false;
  #asking = false;
  #askAgain = false;
  #attempts = 0;

  /** @internal */
  constructor(calls: Calls, world: Environment, backoff: BackoffOptions) {
    this.#calls = calls;
    this.#world = world;
    this.#backoff = backoff;
  }

  /** How everybody is whom anybody here looks at, as far as it is known: another map after each change. */
  get people(): People {
    return this.#known;
  }

  /**
   * Look at users: `changed` is called with how they are, and again whenever that changes. All who watch share what
   * the server is asked for; it takes the first 1,000 users. Returns a function that ends this.
   */
  watch(users: Iterable<UserId>, changed: (people: People) => void): () => void {
    const watcher = { users: [...users], changed };
    this.#watchers.add(watcher);
    this.#askSoon();
    return () => {
      if (this.#watchers.delete(watcher)) this.#askSoon();
    };
  }

  /**
   * Say how it is on this device, or whether to appear offline on all. It is said again with every connection; but not
   * that one may be seen, which another device may have thought better of meanwhile.
   *
   * Resolves with one's own presence once the server has taken it, which may be with the next connection; what is only
   * refused for the moment is said again. Rejects with a HubbubError where the server refuses it, as one without presence
   * and one that takes the user for a guest do, or where the connection is given up. Nobody has to wait for it.
   */
  set(own: SetPresence): Promise<Presence> {
    this.#own = { ...this.#own, ...own };
    this.#unsaid = { ...this.#unsaid, ...own };
    const said = new Promise<Presence>((resolve, reject) => this.#sayers.push({ resolve, reject }));
    said.catch(() => {});
    this.#say();
    return said;
  }

  /** @internal A session is ready. */
  ready(): void {
    this.#online = true;
    this.#unsaid = { ...this.#own, ...this.#unsaid };
    // At once: who is not to be seen is not to be seen for a moment.
    this.#say();
    if (this.#watchers.size > 0) this.#askSoon();
  }

  /** @internal The session is over. What is known may be over, too; the next one tells. */
  lost(): void {
    this.#online = this.#asking = this.#askAgain = this.#saying = false;
    this.#session += 1;
  }

  /** @internal There will be no other one by itself. */
  abandon(code: ClientErrorCode): void {
    for (const { reject } of this.#sayers.splice(0)) reject(clientError(code));
  }

  /** @internal Another user sees others. */
  forget(): void {
    this.#own = this.#unsaid = {};
    this.abandon("signed_out");
    this.#learn(new Map());
  }

  /** @internal Take in an event; false where it is none of presence. */
  receive(event: EventFrame): boolean {
    if (event.type !== "presence.changed") return false;
    const { users, gone } = event.data as PresenceChanged;
    const next = new Map(this.#known);
    for (const id of gone) next.delete(id);
    // Of somebody whom nobody looks at any more it may be told once more.
    const wanted = this.#wanted();
    for (const user of users) if (wanted.has(user.user_id)) next.set(user.user_id, user);
    this.#learn(next);
    return true;
  }

  #wanted(): Set<UserId> {
    const found = new Set<UserId>();
    for (const { users } of this.#watchers) for (const id of users) if (found.size < MOST) found.add(id);
    return found;
  }

  #learn(people: People): void {
    this.#known = people;
    for (const { changed } of [...this.#watchers]) guarded(() => changed(people));
  }

  /** Say what is unsaid, one thing after the other: the last one counts. */
  #say(): void {
    const [own, sayers, session] = [this.#unsaid, this.#sayers, this.#session];
    if (!this.#online || this.#saying || (sayers.length === 0 && Object.keys(own).length === 0)) return;
    this.#saying = true;
    this.#unsaid = {};
    this.#sayers = [];
    const { invisible, ...rest } = this.#own;
    if (invisible === false) this.#own = rest;
    const goOn = () => {
      if (session !== this.#session) return;
      this.#saying = false;
      this.#say();
    };
    this.#calls.request({ type: "presence.set", data: own }).then(
      (ok) => {
        this.#refusals = 0;
        for (const { resolve } of sayers) resolve(ok as unknown as Presence);
        goOn();
      },
      (error: HubbubError) => {
        if (!error.temporary) {
          for (const { reject } of sayers) reject(error);
          return goOn();
        }
        this.#unsaid = { ...own, ...this.#unsaid };
        this.#sayers.unshift(...sayers);
        if (session !== this.#session) return; // The next session says it.
        this.#world.after(waitAfter(error, this.#refusals++, this.#backoff, this.#world.random), goOn);
      },
    );
  }

  /** Ask once for all that changes in one go, and after what else is asked for at the beginning. */
  #askSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#ask();
    });
  }

  #ask(): void {
    if (!this.#online) return;
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    const session = this.#session;
    const wanted = this.#wanted();
    this.#asking = true;
    this.#calls.request({ type: "presence.watch", data: { users: [...wanted] } }).then(
      (ok) => {
        if (session !== this.#session) return;
        this.#attempts = 0;
        this.#learn(new Map((ok as unknown as Watched).users.map((user) => [user.user_id, user])));
        this.#answered();
      },
      (error: HubbubError) => {
        if (session !== this.#session) return;
        if (!error.temporary) return this.#answered();
        const wait = waitAfter(error, this.#attempts++, this.#backoff, this.#world.random);
        this.#world.after(wait, () => {
          if (session !== this.#session) return;
          this.#asking = false;
          this.#ask();
        });
      },
    );
  }

  #answered(): void {
    const again = this.#askAgain;
    this.#asking = this.#askAgain = false;
    if (again) this.#ask();
  }
}
