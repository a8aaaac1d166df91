import { expect, test } from "vitest";
import { LocalStore, type StoredCommand } from "../src/index.js";

class FakeStorage implements Storage {
  [name: string]: unknown;
  #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  clear(): void {
    this.#items.clear();
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
  setItem(key: string, value: string): void {
    if (value.includes("too much")) throw new DOMException("full", "QuotaExceededError");
    this.#items.set(key, value);
  }
}

/** Locks of several pages; a page that is gone lets its own go. */
class FakeLocks {
  #held = new Map<string, (() => void)[]>();
  #current = "";

  page(): LockManager {
    const page = { holds: [] as string[] };
    this.#pages.push(page);
    return {
      request: (name: string, ...rest: unknown[]) => {
        const then = rest.pop() as () => unknown;
        const run = () => {
          this.#current = name;
          if (then() instanceof Promise) page.holds.push(name);
          else this.#release(this.#current);
        };
        const waiting = this.#held.get(name);
        if (waiting) waiting.push(run);
        else {
          this.#held.set(name, []);
          run();
        }
        return new Promise(() => {});
      },
    } as unknown as LockManager;
  }
  #pages: { holds: string[] }[] = [];

  close(index: number): void {
    for (const name of this.#pages[index]?.holds ?? []) this.#release(name);
  }

  #release(name: string): void {
    const next = this.#held.get(name)?.shift();
    if (next) next();
    else this.#held.delete(name);
  }
}

function command(key: string): StoredCommand {
  return { key, type: "chat.send", topic: "chat.1", data: { client_id: key }, at: 0 };
}

function world() {
  const storage = new FakeStorage();
  const locks = new FakeLocks();
  const events = new EventTarget();
  const open = (user = "7") => {
    const adopted: string[] = [];
    const store = new LocalStore({ storage, locks: locks.page(), events });
    const stop = store.open(user, (commands) => adopted.push(...commands.map(({ key }) => key)));
    return { store, adopted, stop };
  };
  return { storage, locks, events, open };
}

test("the commands of a page that is gone are taken over, in order", () => {
  const { locks, open } = world();
  const first = open();
  for (const key of ["2", "1", "3"]) first.store.put("7", command(key));
  first.store.remove("7", "3");
  locks.close(0);
  expect(open().adopted).toEqual(["1", "2"]);
});

test("those of a page that lives are left alone, until it is gone", () => {
  const { locks, open } = world();
  open().store.put("7", command("1"));
  const second = open();
  const third = open();
  expect(second.adopted).toEqual([]);
  locks.close(0);
  expect([second.adopted, third.adopted]).toEqual([["1"], []]);
});

test("a page that opens later is watched as soon as it writes", () => {
  const { locks, events, open } = world();
  const first = open();
  open().store.put("7", command("1"));
  events.dispatchEvent(new Event("storage"));
  locks.close(1);
  expect(first.adopted).toEqual(["1"]);
});

test("another user's are never seen", () => {
  const { locks, open } = world();
  open("7").store.put("7", command("1"));
  locks.close(0);
  expect(open("77").adopted).toEqual([]);
  expect(open("7:").adopted).toEqual([]);
  expect(open("7").adopted).toEqual(["1"]);
});

test("without locks everything that is found is taken over", () => {
  const storage = new FakeStorage();
  new LocalStore({ storage, locks: null, events: null }).put("7", command("1"));
  const adopted: string[] = [];
  const store = new LocalStore({ storage, locks: null, events: null });
  store.open("7", (commands) => adopted.push(...commands.map(({ key }) => key)));
  expect(adopted).toEqual(["1"]);
  store.remove("7", "1");
  expect(storage.length).toBe(0);
});

test("a full storage and foreign entries do no harm", () => {
  const { storage, locks, open } = world();
  const { store } = open();
  store.put("7", { ...command("1"), topic: "too much" });
  expect(storage.length).toBe(0);
  store.put("7", command("2"));
  storage.setItem(`${storage.key(0)}x`, "{");
  locks.close(0);
  expect(open().adopted).toEqual(["2"]);
});
