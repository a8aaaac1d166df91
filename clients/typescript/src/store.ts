import type { ErrorBody } from "./errors.js";

/** A command that waits to be sent, or for its reply. */
export interface StoredCommand {
  /** Unique, and in the order in which the commands were given. */
  key: string;
  type: string;
  topic: string | null;
  /** With the `client_id` that makes sending it again safe (rule ACK-2). */
  data: { client_id: string } & Record<string, unknown>;
  /** When it was given, in milliseconds since 1970. */
  at: number;
  /** Why it failed; such a one waits for `retry` or `discard`. */
  error?: ErrorBody;
}

/** Why the queue lives in memory only, so that a reload would lose what waits. */
export interface StorageTrouble {
  /**
   * - `unavailable`: the browser has or allows no storage here.
   * - `blocked`: another page holds the database open in an older version; it may still come free.
   * - `closed`: the database was deleted, or opened by a newer version. It is tried again with the next command.
   * - `full`: no room for this command.
   */
  reason: "unavailable" | "blocked" | "closed" | "full";
  error: unknown;
}

/** What a store tells the queue. */
export interface StoreHandlers {
  /** Commands that pages left behind that are gone; they belong to this page now. At any time, any number of times. */
  adopt(commands: StoredCommand[]): void;
  /** What was left behind before now has been adopted, as far as it can be: newer commands may go out. */
  loaded(): void;
  /** Commands are kept in memory only; null when they are kept for good again. */
  trouble(trouble: StorageTrouble | null): void;
}

/** Where the outgoing queue is kept, so that a reload loses nothing. Each user's is apart. */
export interface QueueStore {
  /** Begin with a user. Returns a function that ends this: after it nothing is told any more. */
  open(user: string, handlers: StoreHandlers): () => void;
  /** Keep a command, or what has changed of it. */
  put(user: string, command: StoredCommand): void;
  /** The command is done with. */
  remove(user: string, key: string): void;
}

/** Keeps the queue as long as the page lives. */
export class MemoryStore implements QueueStore {
  #kept = new Map<string, Map<string, StoredCommand>>();

  open(user: string, handlers: StoreHandlers): () => void {
    handlers.adopt([...this.#of(user).values()]);
    handlers.loaded();
    return () => {};
  }

  put(user: string, command: StoredCommand): void {
    this.#of(user).set(command.key, command);
  }

  remove(user: string, key: string): void {
    this.#of(user).delete(key);
  }

  /** Everything that is kept, with whose it is. */
  *all(): Iterable<[user: string, command: StoredCommand]> {
    for (const [user, commands] of this.#kept) for (const command of commands.values()) yield [user, command];
  }

  #of(user: string): Map<string, StoredCommand> {
    let kept = this.#kept.get(user);
    if (!kept) this.#kept.set(user, (kept = new Map()));
    return kept;
  }
}
