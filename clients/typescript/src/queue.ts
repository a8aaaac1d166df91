import { waitAfter, type BackoffOptions } from "./backoff.js";
import type { Ok } from "./calls.js";
import { uniqueId, type Environment } from "./environment.js";
import { HubbubError, clientError, type ErrorBody } from "./errors.js";
import type { CommandFrame } from "./frames.js";
import { Keys } from "./keys.js";
import type { QueueStore, StorageTrouble, StoredCommand } from "./store.js";

/** A command in the queue, as others may see it. */
export interface QueuedCommand extends Readonly<StoredCommand> {
  /** `waiting` to be sent, `sending` until the reply comes, or `failed` and kept for `retry` or `discard`. */
  readonly state: "waiting" | "sending" | "failed";
  /** While the server has asked to wait: why, and until when, in milliseconds since 1970. */
  readonly held?: Readonly<Held>;
}

/** What holds a command back. */
export interface Held {
  until: number;
  error: ErrorBody;
}

interface Item extends StoredCommand {
  state: QueuedCommand["state"];
  held?: Held;
  attempts: number;
  keepFailed: boolean;
  resolve(ok: Ok): void;
  reject(error: HubbubError): void;
}

/** What the queue needs of the client. */
export interface QueueHandlers {
  send(frame: CommandFrame): Promise<Ok>;
  changed(commands: readonly QueuedCommand[]): void;
  /** The reply to a command that an earlier page, or nobody any more, was waiting for. */
  replied(command: StoredCommand, ok: Ok): void;
  /** Whether commands survive a reload has changed. */
  storage(trouble: StorageTrouble | null): void;
}

/** Errors that pass with time alone; of other temporary ones it is not known whether they ever do. */
const PASSING: ReadonlySet<string> = new Set(["busy", "rate_limited"]);
/** How often a command is sent that is answered by other temporary errors. */
const ATTEMPTS = 5;
/** How long new commands wait for what an earlier page left behind, in milliseconds: a browser's storage may hang. */
const LOADING = 3000;

/**
 * Commands that survive the loss of the connection (rule ACK-2). Those of one topic go out one after the
 * other, in order: the next is sent when the one before it was replied to.
 */
export class Queue {
  /** What is in it; the same array until something changes. */
  commands: readonly QueuedCommand[] = [];
  #store: QueueStore;
  #world: Environment;
  #backoff: BackoffOptions;
  #maxAge: number;
  #handlers: QueueHandlers;
  #items: Item[] = [];
  #lanes = new Map<string, { busy: boolean; cancel: (() => void) | null }>();
  #online = false;
  #session = 0;
  /** Undefined before it is known; null for a guest, whose commands are not stored. */
  #user: string | null | undefined;
  #closeStore = () => {};
  /** What earlier pages left behind is in the queue: only then does what comes after it go out, or the order is lost. */
  #loaded = true;
  #keys = new Keys();

  constructor(
    store: QueueStore,
    world: Environment,
    options: { backoff: BackoffOptions; maxAge: number },
    handlers: QueueHandlers,
  ) {
    this.#store = store;
    this.#world = world;
    this.#backoff = options.backoff;
    this.#maxAge = options.maxAge;
    this.#handlers = handlers;
  }

  /** Say whose queue it is. Another user's commands stay in the store, and never go out as this one's. */
  bind(user: string | null): void {
    if (user === this.#user) return;
    const first = this.#user === undefined;
    this.#user = user;
    this.#closeStore();
    if (first) {
      for (const item of this.#items) this.#keep(item);
    } else {
      const foreign = this.#items;
      this.#items = [];
      for (const item of foreign) item.reject(clientError("signed_out"));
    }
    this.#closeStore = user === null ? () => {} : this.#openStore(user);
    this.#changed();
  }

  #openStore(user: string): () => void {
    this.#loaded = false;
    const loaded = () => {
      cancel();
      this.#loaded = true;
      this.#pumpAll();
    };
    const cancel = this.#world.after(LOADING, loaded);
    const close = this.#store.open(user, {
      adopt: (commands) => this.#adopt(commands),
      loaded,
      trouble: (trouble) => this.#handlers.storage(trouble),
    });
    return () => {
      cancel();
      this.#loaded = true;
      close();
    };
  }

  /** Put a command at the end of the queue. Resolves with its reply, rejects with a permanent error. */
  add(type: string, topic: string | null, data: object, keepFailed: boolean): Promise<Ok> {
    return new Promise((resolve, reject) => {
      const withId = { client_id: uniqueId(), ...data };
      const at = this.#world.now();
      const command = { key: this.#keys.next(at), type, topic, data: withId, at };
      const item: Item = { ...command, state: "waiting", attempts: 0, keepFailed, resolve, reject };
      this.#items.push(item);
      this.#keep(item);
      this.#changed();
      this.#pump(lane(item));
    });
  }

  /** Send a failed command again, with the same `client_id`. */
  retry(key: string): void {
    const item = this.#items.find((candidate) => candidate.key === key && candidate.state === "failed");
    if (!item) return;
    item.state = "waiting";
    item.attempts = 0;
    item.at = this.#world.now();
    delete item.error;
    this.#keep(item);
    this.#changed();
    this.#pump(lane(item));
  }

  /** Forget a command that waits or failed. One that is being sent can't be called back. */
  discard(key: string): void {
    const item = this.#items.find((candidate) => candidate.key === key && candidate.state !== "sending");
    if (!item) return;
    this.#remove(item);
    item.reject(clientError("closed"));
  }

  /** A session is ready. */
  ready(): void {
    this.#online = true;
    this.#pumpAll();
  }

  /** The session is over: what was sent without a reply is sent again, but for a guest's. */
  lost(): void {
    this.#online = false;
    this.#session += 1;
    for (const { cancel } of this.#lanes.values()) cancel?.();
    this.#lanes.clear();
    for (const item of this.#items) delete item.held;
    for (const item of this.#items.filter(({ state }) => state === "sending")) {
      item.state = "waiting";
      // The server knows a guest by the session alone, so the next one could not tell a repeat.
      if (this.#user === null) this.#fail(item, clientError("unknown_outcome"));
    }
    this.#changed();
  }

  #adopt(commands: StoredCommand[]): void {
    const known = new Set(this.#items.map(({ key }) => key));
    for (const command of commands) {
      if (known.has(command.key)) continue;
      this.#keys.follow(command.key);
      const item: Item = {
        ...command,
        state: command.error ? "failed" : "waiting",
        attempts: 0,
        keepFailed: true,
        resolve: (ok) => this.#handlers.replied(command, ok),
        reject: () => {},
      };
      this.#items.push(item);
      // The server forgets what it has replied to at some time; after that a repeat could be a double.
      if (!command.error && this.#world.now() - command.at > this.#maxAge) this.#fail(item, clientError("expired"));
    }
    this.#items.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#changed();
    this.#pumpAll();
  }

  #pumpAll(): void {
    for (const name of new Set(this.#items.map(lane))) this.#pump(name);
  }

  /** Send the lane's first waiting command, unless one is under way. */
  #pump(name: string): void {
    let state = this.#lanes.get(name);
    if (!state) this.#lanes.set(name, (state = { busy: false, cancel: null }));
    if (!this.#online || !this.#loaded || state.busy || state.cancel) return;
    const item = this.#items.find((candidate) => lane(candidate) === name && candidate.state === "waiting");
    if (!item) return;
    const session = this.#session;
    state.busy = true;
    item.state = "sending";
    delete item.held;
    this.#changed();
    const { type, topic, data } = item;
    this.#handlers.send(topic === null ? { type, data } : { type, topic, data }).then(
      (ok) => {
        // Even if this reply is of an earlier session, the command is done.
        if (!this.#remove(item)) return;
        item.resolve(ok);
        if (session === this.#session) this.#next(name);
      },
      (error: HubbubError) => {
        if (session !== this.#session || error.code === "disconnected") return;
        this.#refused(item, error);
        if (item.state === "waiting") this.#pause(name, item, error);
        else this.#next(name);
      },
    );
  }

  #next(name: string): void {
    const state = this.#lanes.get(name);
    if (state) state.busy = false;
    this.#pump(name);
  }

  #refused(item: Item, error: HubbubError): void {
    item.attempts += 1;
    if (error.temporary && (PASSING.has(error.code) || item.attempts < ATTEMPTS)) {
      item.state = "waiting";
      this.#changed();
    } else {
      this.#fail(item, error);
    }
  }

  #pause(name: string, item: Item, error: HubbubError): void {
    const state = this.#lanes.get(name);
    if (!state) return;
    const wait = waitAfter(error, item.attempts, this.#backoff, this.#world.random);
    state.busy = false;
    state.cancel = this.#world.after(wait, () => {
      state.cancel = null;
      this.#pump(name);
    });
    if (error.retryAfter === null) return;
    item.held = { until: this.#world.now() + wait, error: error.body() };
    this.#changed();
  }

  #fail(item: Item, error: HubbubError): void {
    if (item.keepFailed) {
      item.state = "failed";
      item.error = error.body();
      this.#keep(item);
      this.#changed();
    } else {
      this.#remove(item);
    }
    item.reject(error);
  }

  #keep(item: Item): void {
    if (!this.#user) return;
    const { key, type, topic, data, at, error } = item;
    this.#store.put(this.#user, { key, type, topic, data, at, ...(error ? { error } : {}) });
  }

  #remove(item: Item): boolean {
    const index = this.#items.indexOf(item);
    if (index < 0) return false;
    this.#items.splice(index, 1);
    if (this.#user) this.#store.remove(this.#user, item.key);
    this.#changed();
    return true;
  }

  #changed(): void {
    this.commands = this.#items.map(({ resolve: _, reject: __, keepFailed: ___, attempts: ____, ...rest }) => rest);
    this.#handlers.changed(this.commands);
  }
}

/** Commands of one topic keep their order; those without a topic, that of their type. */
function lane({ topic, type }: Pick<StoredCommand, "topic" | "type">): string {
  return topic ?? type;
}
