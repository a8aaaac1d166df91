import { uniqueId } from "./environment.js";
import type { QueueStore, StoredCommand } from "./store.js";

/** What the store needs of the browser. */
export interface LocalStoreOptions {
  /** What the keys begin with. */
  prefix?: string;
  storage?: Storage;
  /** Null where pages cannot tell whether another lives, on plain http for example. */
  locks?: LockManager | null;
  /** Where `storage` events happen: another page has written. */
  events?: EventTarget | null;
}

/**
 * Keeps the queue in `localStorage`, so that a reload, a crash or a closed tab loses nothing.
 *
 * Every command has a key of its own, `<prefix>:<user>:<page>:<key>`, so that pages never overwrite each
 * other's. A page holds a lock of its name as long as it lives; who gets that lock knows that the page
 * is gone, and takes over what it left. Without locks a page takes over everything it finds when it
 * starts: then two pages may send the same command, which the server sees as one by its `client_id`.
 */
export class LocalStore implements QueueStore {
  #prefix: string;
  #storage: Storage;
  #locks: LockManager | null;
  #events: EventTarget | null;
  #page = uniqueId();

  constructor(options: LocalStoreOptions = {}) {
    this.#prefix = options.prefix ?? "hubbub.queue";
    this.#storage = options.storage ?? localStorage;
    this.#locks = options.locks === undefined ? (navigator.locks ?? null) : options.locks;
    this.#events = options.events === undefined ? window : options.events;
    // Held until the page is gone: nothing ever settles this promise.
    void this.#locks?.request(this.#lockOf(this.#page), () => new Promise<void>(() => {}));
  }

  open(user: string, adopt: (commands: StoredCommand[]) => void): () => void {
    const own = this.#read(user, this.#page);
    if (own.length > 0) adopt(own);
    const { signal, stop } = abortable();
    const watched = new Set([this.#page]);
    const look = () => {
      for (const page of this.#pages(user)) {
        if (watched.has(page)) continue;
        watched.add(page);
        this.#whenGone(page, signal, () => adopt(this.#takeOver(user, page)));
      }
    };
    look();
    if (this.#locks) this.#events?.addEventListener("storage", look, { signal });
    return stop;
  }

  put(user: string, command: StoredCommand): void {
    try {
      this.#storage.setItem(this.#key(user, this.#page, command.key), JSON.stringify(command));
    } catch {
      // Full, or forbidden by the browser: the command still goes out, it only won't survive a reload.
    }
  }

  remove(user: string, key: string): void {
    this.#storage.removeItem(this.#key(user, this.#page, key));
  }

  #whenGone(page: string, signal: AbortSignal, then: () => void): void {
    if (!this.#locks) return then();
    // Only the first to get the lock finds something: it takes it over before it lets go.
    this.#locks.request(this.#lockOf(page), { signal }, then).catch(() => {
      // Aborted: another user's turn.
    });
  }

  /** Make another page's commands this one's. */
  #takeOver(user: string, page: string): StoredCommand[] {
    const commands = this.#read(user, page);
    for (const command of commands) {
      this.put(user, command);
      this.#storage.removeItem(this.#key(user, page, command.key));
    }
    return commands;
  }

  #read(user: string, page: string): StoredCommand[] {
    const prefix = this.#key(user, page, "");
    const commands: StoredCommand[] = [];
    for (const key of this.#keys(prefix)) {
      try {
        commands.push(JSON.parse(this.#storage.getItem(key) ?? "") as StoredCommand);
      } catch {
        this.#storage.removeItem(key); // Not ours, or cut short: nobody could send it.
      }
    }
    return commands.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #pages(user: string): Set<string> {
    const prefix = `${this.#prefix}:${encodeURIComponent(user)}:`;
    return new Set(this.#keys(prefix).map((key) => key.slice(prefix.length).split(":")[0] ?? ""));
  }

  #keys(prefix: string): string[] {
    const keys: string[] = [];
    for (let index = 0; index < this.#storage.length; index++) {
      const key = this.#storage.key(index);
      if (key?.startsWith(prefix)) keys.push(key);
    }
    return keys;
  }

  #key(user: string, page: string, key: string): string {
    return `${this.#prefix}:${encodeURIComponent(user)}:${page}:${key}`;
  }

  #lockOf(page: string): string {
    return `${this.#prefix}:${page}`;
  }
}

function abortable(): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, stop: () => controller.abort() };
}
