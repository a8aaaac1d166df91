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

/** Where the outgoing queue is kept, so that a reload loses nothing. Each user's is apart. */
export interface QueueStore {
  /**
   * Begin with a user. `adopt` is called, at once or at any time later, with what was left behind by
   * pages that are gone; it belongs to this page then. Returns a function that ends this.
   */
  open(user: string, adopt: (commands: StoredCommand[]) => void): () => void;
  /** Keep a command, or what has changed of it. */
  put(user: string, command: StoredCommand): void;
  /** The command is done with. */
  remove(user: string, key: string): void;
}

/** Keeps the queue as long as the page lives. */
export class MemoryStore implements QueueStore {
  #kept = new Map<string, Map<string, StoredCommand>>();

  open(user: string, adopt: (commands: StoredCommand[]) => void): () => void {
    adopt([...this.#of(user).values()]);
    return () => {};
  }

  put(user: string, command: StoredCommand): void {
    this.#of(user).set(command.key, command);
  }

  remove(user: string, key: string): void {
    this.#of(user).delete(key);
  }

  #of(user: string): Map<string, StoredCommand> {
    let kept = this.#kept.get(user);
    if (!kept) this.#kept.set(user, (kept = new Map()));
    return kept;
  }
}
