import { IDBFactory, IDBKeyRange, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Client, IndexedDbStore, type StorageTrouble, type StoredCommand } from "../src/index.js";
import { FakeWorld } from "./fake.js";
import { FakeLocks } from "./locks.js";

let origin: { indexedDB: IDBFactory; locks: FakeLocks | null; name: string };
let pages: IndexedDbStore[];
let number = 0;

beforeEach(() => {
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
  // A name of its own: the channel between pages is the whole process's.
  origin = { indexedDB: new IDBFactory(), locks: new FakeLocks(), name: `hubbub-${number++}` };
  pages = [];
});

afterEach(async () => {
  await Promise.all(pages.map((store) => store.close()));
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function command(key: string, content: unknown = key): StoredCommand {
  return { key, type: "chat.send", topic: "chat.1", data: { client_id: key, content }, at: 0 };
}

interface Page {
  store: IndexedDbStore;
  adopted: string[];
  troubles: (StorageTrouble["reason"] | null)[];
  stop(): void;
}

/** A page that has read what there was. */
async function page(user = "7", changes: { indexedDB?: IDBFactory | null } = {}): Promise<Page> {
  const { name, indexedDB, locks } = origin;
  const store = new IndexedDbStore({ name, indexedDB, locks: locks?.manager ?? null, ...changes });
  pages.push(store);
  const adopted: string[] = [];
  const troubles: Page["troubles"] = [];
  const stop = await open(store, user, adopted, troubles);
  return { store, adopted, troubles, stop };
}

function open(store: IndexedDbStore, user: string, adopted: string[], troubles: Page["troubles"] = []) {
  return new Promise<() => void>((done) => {
    const stop = store.open(user, {
      adopt: (commands) => adopted.push(...commands.map(({ key }) => key)),
      loaded: () => setTimeout(() => done(stop)),
      trouble: (trouble) => troubles.push(trouble?.reason ?? null),
    });
  });
}

/** Wait until the database holds just these. */
async function kept(...keys: string[]): Promise<void> {
  await vi.waitFor(async () => {
    const rows = await new Promise<{ key: string }[]>((done, failed) => {
      const request = origin.indexedDB.open(origin.name);
      request.onsuccess = () => {
        const all = request.result.transaction("commands").objectStore("commands").getAll();
        all.onsuccess = () => (request.result.close(), done(all.result));
      };
      request.onerror = () => failed(request.error);
    });
    expect(rows.map(({ key }) => key)).toEqual(keys);
  });
}

describe("several pages", () => {
  test("the commands of a page that is gone are the next one's", async () => {
    const first = await page();
    for (const key of ["2", "1", "3"]) first.store.put("7", command(key));
    first.store.remove("7", "3");
    await kept("1", "2");
    await first.store.close();
    expect((await page()).adopted.sort()).toEqual(["1", "2"]);
    await kept("1", "2");
  });

  test("those of a page that lives are left alone until it is gone, and then one takes them", async () => {
    const first = await page();
    first.store.put("7", command("1"));
    await kept("1");
    const others = [await page(), await page(), await page()];
    expect(others.flatMap(({ adopted }) => adopted)).toEqual([]);
    await first.store.close();
    await vi.waitFor(() => expect(others.flatMap(({ adopted }) => adopted)).toEqual(["1"]));
    for (const other of others.filter(({ adopted }) => adopted.length > 0)) other.store.remove("7", "1");
    await kept();
  });

  test("a page that had nothing when another came is watched all the same, whichever was first", async () => {
    for (const late of [0, 1]) {
      const both = [await page(), await page()];
      const [dying, living] = [both[late]!, both[1 - late]!];
      dying.store.put("7", command(`of ${late}`));
      await kept(`of ${late}`);
      await dying.store.close();
      await vi.waitFor(() => expect(living.adopted).toEqual([`of ${late}`]));
      living.store.remove("7", `of ${late}`);
      await living.store.close();
    }
  });

  test("many pages that die and come: each command ends up with exactly one", async () => {
    const alive = [await page(), await page()];
    let thrown = 0;
    const dice = () => ((thrown++ * 7919) % 100) / 100;
    const all = Array.from({ length: 30 }, (_, index) => `c${String(index).padStart(2, "0")}`);
    for (const key of all) {
      alive[Math.floor(dice() * alive.length)]!.store.put("7", command(key));
      if (dice() < 0.3) {
        await alive.shift()!.store.close();
        alive.push(await page());
      }
    }
    await kept(...all);
    const survivor = alive.pop()!;
    await Promise.all(alive.map(({ store }) => store.close()));
    const reread = await page();
    await survivor.store.close();
    await vi.waitFor(() => expect([...new Set(reread.adopted)].sort()).toEqual(all));
    expect(reread.adopted).toHaveLength(all.length);
  });

  test("tabs that write offline and close: the one that is left sends everything, each once, in order (ACK-2)", async () => {
    const tabs = ["a", "b", "c"].map((name) => {
      const world = new FakeWorld();
      const store = new IndexedDbStore({ ...origin, locks: origin.locks!.manager });
      pages.push(store);
      const client = new Client({ url: "ws://test/ws/", environment: world, store });
      client.useQueueOf(7);
      for (const number of [1, 2]) {
        client.command("chat.send", "chat.1", { content: name + number }, { queue: true }).catch(() => {});
      }
      return { client, world, store, ids: client.queue.map(({ data }) => data.client_id) };
    });
    const last = tabs[2]!;
    await vi.waitFor(() => expect(last.client.queue).toHaveLength(2));
    await Promise.all(tabs.slice(0, 2).map(async ({ store, client }) => (await store.close(), client.close())));
    await vi.waitFor(() => expect(last.client.queue).toHaveLength(6));
    last.client.connect();
    last.world.current.ready();
    const sent: string[] = [];
    while (last.client.queue.length > 0) {
      const command = await vi.waitFor(() => {
        const waiting = last.world.current.of("chat.send")[sent.length];
        expect(waiting).toBeDefined();
        return waiting!;
      });
      sent.push(command["data"].content);
      expect(tabs.flatMap(({ ids }) => ids)).toContain(command["data"].client_id);
      last.world.current.push({ id: command["id"], type: "reply", ok: {} });
      await new Promise((done) => setTimeout(done));
    }
    expect([...sent].sort()).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
    for (const name of ["a", "b", "c"]) expect(sent.indexOf(`${name}1`)).toBeLessThan(sent.indexOf(`${name}2`));
    await kept();
    last.client.close();
  });

  test("another user's are never seen, and are there when that one comes back", async () => {
    const first = await page("7");
    first.store.put("7", command("1"));
    await kept("1");
    first.stop();
    const adopted: string[] = [];
    const stop = await open(first.store, "77", adopted);
    expect(adopted).toEqual([]);
    stop();
    await open(first.store, "7", adopted);
    expect(adopted).toEqual(["1"]);
    await first.store.close();
    expect((await page("77")).adopted).toEqual([]);
    expect((await page("7")).adopted).toEqual(["1"]);
  });

  test("without locks pages ask each other", async () => {
    origin.locks = null;
    const first = await page();
    first.store.put("7", command("1"));
    await kept("1");
    const second = await page();
    expect(second.adopted).toEqual([]);
    await first.store.close();
    expect((await page()).adopted).toEqual(["1"]);
  });
});

describe("storage that fails", () => {
  test.each([
    ["there is none", null],
    ["the browser forbids it", { open: () => { throw new DOMException("no", "SecurityError"); } } as unknown as IDBFactory],
  ])("%s: memory keeps what a page has, and says so once", async (_, indexedDB) => {
    const first = await page("7", { indexedDB });
    first.store.put("7", command("1"));
    first.store.put("7", command("2"));
    first.store.remove("7", "2");
    await new Promise((done) => setTimeout(done));
    expect(first.troubles).toEqual(["unavailable"]);
    const again: string[] = [];
    await open(first.store, "7", again);
    expect(again).toEqual(["1"]);
  });

  test("it is full: the others are kept, and that one as soon as there is room", async () => {
    const first = await page();
    let room = false;
    const { put } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, row: any) {
      // As a browser has it: the request is taken, and the transaction fails.
      const { transaction } = this as unknown as { transaction: { _abort(name: string): void } };
      if (!room && row.command.data.content === "large") queueMicrotask(() => transaction._abort("QuotaExceededError"));
      return put.call(this, row);
    });
    first.store.put("7", command("1"));
    first.store.put("7", command("2", "large"));
    await vi.waitFor(() => expect(first.troubles).toEqual(["full"]));
    await kept("1");
    room = true;
    first.store.put("7", command("3"));
    await vi.waitFor(() => expect(first.troubles).toEqual(["full", null]));
    await kept("1", "2", "3");
  });

  test("a newer version of the application takes the database: it gets it, and this page goes on in memory", async () => {
    const first = await page();
    first.store.put("7", command("1"));
    await kept("1");
    const newer = await new Promise<IDBDatabase>((done) => {
      const request = origin.indexedDB.open(origin.name, 2);
      request.onsuccess = () => done(request.result);
    });
    expect(first.troubles).toEqual(["closed"]);
    first.store.put("7", command("2"));
    await vi.waitFor(() => expect(first.troubles).toEqual(["closed", "unavailable"]));
    newer.close();
  });

  test("the database is deleted: the next command makes it anew, with all that waits", async () => {
    const first = await page();
    first.store.put("7", command("1"));
    await kept("1");
    await new Promise((done) => (origin.indexedDB.deleteDatabase(origin.name).onsuccess = done));
    expect(first.troubles).toEqual(["closed"]);
    first.store.put("7", command("2"));
    await vi.waitFor(() => expect(first.troubles).toEqual(["closed", null]));
    await kept("1", "2");
  });

  test("an older version is open elsewhere: it waits in memory, and is kept when that one closes", async () => {
    const open = vi.fn((name: string, version: number) => origin.indexedDB.open(name, version + 1));
    const older = await page();
    older.store.put("7", command("old"));
    await kept("old");
    // A page of before that doesn't let go.
    const stubborn = await new Promise<IDBDatabase>((done) => {
      const request = origin.indexedDB.open(origin.name);
      request.onsuccess = () => done(request.result);
    });
    const { name, locks } = origin;
    const upgraded = { open } as unknown as IDBFactory;
    const store = new IndexedDbStore({ name, indexedDB: upgraded, locks: locks!.manager });
    pages.push(store);
    const troubles: unknown[] = [];
    store.open("7", { adopt: () => {}, loaded: () => {}, trouble: (trouble) => troubles.push(trouble?.reason ?? null) });
    store.put("7", command("new"));
    await vi.waitFor(() => expect(troubles).toEqual(["blocked"]));
    stubborn.close();
    await vi.waitFor(() => expect(troubles).toEqual(["blocked", null]));
    await kept("new", "old");
  });
});
