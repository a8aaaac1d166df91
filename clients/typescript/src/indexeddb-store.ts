import { Pages } from "./pages.js";
import { MemoryStore, type QueueStore, type StorageTrouble, type StoredCommand, type StoreHandlers } from "./store.js";

/** Where the queue is kept, and by what pages know of each other. */
export interface IndexedDbStoreOptions {
  /** The database's name; another one for another server on the same origin. By default `hubbub`. */
  name?: string;
  /** By default the browser's; null for none. */
  indexedDB?: IDBFactory | null;
  /** By default the browser's; null where there are none, on plain http for example. */
  locks?: LockManager | null;
}

interface Row {
  user: string;
  key: string;
  /** The page that sends it. */
  owner: string;
  command: StoredCommand;
}

type Change = (rows: IDBObjectStore, owner: string) => void;

const VERSION = 1;
const ROWS = "commands";

/**
 * Keeps the queue in IndexedDB, so that a reload, a crash or a closed tab loses nothing.
 *
 * Every command belongs to the page that was asked to send it. When that page is gone another takes over
 * what it left, in one transaction, so that nothing is lost and nothing is sent by two. Where storage is
 * refused, full or taken away, the queue goes on in memory and says so.
 */
export class IndexedDbStore implements QueueStore {
  #name: string;
  #options: IndexedDbStoreOptions;
  /** What this page is to send; all there is where the database fails. */
  #memory = new MemoryStore();
  #pages: Pages | null = null;
  #database: Promise<IDBDatabase | null> | null = null;
  #handlers: StoreHandlers | null = null;
  #trouble: StorageTrouble | null = null;

  constructor(options: IndexedDbStoreOptions = {}) {
    this.#options = options;
    this.#name = options.name ?? "hubbub";
  }

  open(user: string, handlers: StoreHandlers): () => void {
    const controller = new AbortController();
    this.#handlers = handlers;
    this.#memory.open(user, { ...handlers, loaded: () => {} });
    if (this.#trouble) handlers.trouble(this.#trouble);
    const loaded = () => controller.signal.aborted || handlers.loaded();
    // What could not be read now is there for the next page.
    this.#takeOver(user, handlers, controller.signal).then(loaded, loaded);
    return () => {
      controller.abort();
      if (this.#handlers === handlers) this.#handlers = null;
    };
  }

  put(user: string, command: StoredCommand): void {
    this.#memory.put(user, command);
    void this.#write((rows, owner) => rows.put(rowOf(user, command, owner)));
  }

  remove(user: string, key: string): void {
    this.#memory.remove(user, key);
    void this.#write((rows) => rows.delete([user, key]));
  }

  /** Leave what is kept to other pages, as if this one were gone. The store can't be used after it. */
  async close(): Promise<void> {
    this.#handlers = null;
    const database = await this.#database?.catch(() => null);
    database?.close();
    this.#pages?.end();
  }

  /** Make the commands of pages that are gone this page's, now and whenever one goes. */
  async #takeOver(user: string, { adopt }: StoreHandlers, signal: AbortSignal): Promise<void> {
    const database = await this.#connected();
    const pages = this.#pages;
    if (!database || !pages || signal.aborted) return;
    if (this.#trouble) void this.#write(this.#everything);
    const take = async (page: string) => {
      const commands = await this.#claim(user, page);
      if (commands.length > 0 && !signal.aborted) adopt(commands);
    };
    const watched = new Set([pages.name]);
    const watch = (page: string) => {
      if (watched.has(page)) return;
      watched.add(page);
      pages.whenGone(page, () => take(page), signal);
    };
    pages.onMet(watch, signal);
    const rows = await answer<Row[]>(database.transaction(ROWS).objectStore(ROWS).getAll(rangeOf(user)));
    const owners = new Set(rows.map(({ owner }) => owner).filter((owner) => !watched.has(owner)));
    await Promise.all(
      [...owners].map(async (owner) => {
        if (!(await pages.ifGone(owner, () => take(owner)))) watch(owner);
      }),
    );
  }

  /** Make what another page has left this one's: all of it, or nothing where that fails. */
  async #claim(user: string, page: string): Promise<StoredCommand[]> {
    const claimed: StoredCommand[] = [];
    const done = await this.#write((rows, owner) => {
      const request: IDBRequest<Row[]> = rows.getAll(rangeOf(user));
      request.onsuccess = () => {
        for (const { command } of request.result.filter((row) => row.owner === page)) {
          claimed.push(command);
          rows.put(rowOf(user, command, owner));
        }
      };
    }, false);
    if (!done) return [];
    for (const command of claimed) this.#memory.put(user, command);
    return claimed;
  }

  /**
   * Change the database in one transaction; changes are made in the order in which they are asked for.
   * Resolves with false, having said why, where it can't be.
   */
  async #write(change: Change, atOnce = true): Promise<boolean> {
    const database = await this.#connected();
    if (!database) return false;
    try {
      await this.#transact(database, change, atOnce);
      // What could not be kept meanwhile may find its place now.
      if (this.#trouble) await this.#transact(database, this.#everything, true);
      this.#say(null);
      return true;
    } catch (error) {
      const name = (error as Error | null)?.name;
      if (name === "InvalidStateError") this.#lost(error);
      else this.#say({ reason: name === "QuotaExceededError" ? "full" : "unavailable", error });
      return false;
    }
  }

  #everything: Change = (rows, owner) => {
    for (const [user, command] of this.#memory.all()) rows.put(rowOf(user, command, owner));
  };

  #transact(database: IDBDatabase, change: Change, atOnce: boolean): Promise<void> {
    const transaction = database.transaction(ROWS, "readwrite");
    change(transaction.objectStore(ROWS), this.#pages!.name);
    // Said now, the change is made even if the page is gone in a moment.
    if (atOnce) transaction.commit?.();
    return new Promise<void>((done, failed) => {
      transaction.oncomplete = () => done();
      transaction.onabort = () => failed(transaction.error);
    });
  }

  /** The database; null, having said why, where there is none for this page. */
  #connected(): Promise<IDBDatabase | null> {
    this.#database ??= this.#connect().catch((error: unknown) => {
      this.#say({ reason: "unavailable", error });
      return null;
    });
    return this.#database;
  }

  async #connect(): Promise<IDBDatabase> {
    const { indexedDB = globalThis.indexedDB, locks = globalThis.navigator?.locks ?? null } = this.#options;
    if (!indexedDB) throw new Error("There is no IndexedDB here.");
    const request = indexedDB.open(this.#name, VERSION);
    request.onupgradeneeded = () => {
      const { result } = request;
      if (!result.objectStoreNames.contains(ROWS)) result.createObjectStore(ROWS, { keyPath: ["user", "key"] });
    };
    request.onblocked = () => this.#say({ reason: "blocked", error: new Error("Another page holds an older version.") });
    const database = await answer(request);
    database.onclose = () => this.#lost(new Error("The database was closed."));
    database.onversionchange = () => {
      // Another page deletes or changes it, and would wait for this one for ever.
      database.close();
      this.#lost(new Error("The database was opened by a newer version, or deleted."));
    };
    if (!this.#pages) {
      const pages = new Pages(`${this.#name}:pages`, locks);
      await pages.live();
      this.#pages = pages;
    }
    return database;
  }

  /** The connection is gone; with the next change it is tried again, with all that waits. */
  #lost(error: unknown): void {
    if (!this.#database) return;
    this.#database = null;
    this.#say({ reason: "closed", error });
  }

  #say(trouble: StorageTrouble | null): void {
    if (this.#trouble?.reason === trouble?.reason) return;
    this.#trouble = trouble;
    this.#handlers?.trouble(trouble);
  }
}

function rowOf(user: string, command: StoredCommand, owner: string): Row {
  return { user, key: command.key, owner, command };
}

function rangeOf(user: string): IDBKeyRange {
  return IDBKeyRange.bound([user], [user, []]);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
