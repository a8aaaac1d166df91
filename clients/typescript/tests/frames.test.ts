import { readFileSync, readdirSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { Client, type AnyEvent, type HubbubError } from "../src/index.js";
import { FakeWorld, pass, settle, type FakeSocket } from "./fake.js";

/*
 * Conversations with the real server, recorded: the client must send what was sent then, by itself where it
 * did so by itself, and pass on every event that the server sent, once and in order.
 */

type Frame = Record<string, any>;
type Line = Frame & { open?: Frame; client?: Frame; server?: Frame; close?: number; asked?: boolean };

const FOLDER = new URL("../../../tests/frames/", import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));

function read(name: string): Line[] {
  return readFileSync(new URL(name, FOLDER), "utf8").trim().split("\n").map((line) => JSON.parse(line) as Line);
}

/** The server's part of a recording, and the application's. */
class Replay {
  readonly world = new FakeWorld();
  readonly client: Client;
  readonly events: AnyEvent[] = [];
  readonly resets: string[] = [];
  readonly outcomes: Promise<unknown>[] = [];
  readonly expected = { events: [] as Frame[], resets: [] as string[], outcomes: [] as Frame[] };
  #opened = 0;
  #taken = new Set<Frame>();
  /** The id of a recorded command, in this recording's session, to the command that the client sent. */
  #sent = new Map<number, { frame: Frame; recorded: Frame }>();
  /** Commands of the application's, by their data. */
  #asked = new Set<string>();
  #leave = new Map<string, () => void>();
  #seen: Record<string, number> = {};

  constructor(lines: Line[]) {
    const tokens = lines.flatMap(({ open }) => (open?.["token"] ? [open["token"] as string] : []));
    const token = async () => tokens[Math.min(this.#opened, tokens.length - 1)] ?? null;
    this.client = new Client({ url: "ws://test/ws/", environment: this.world, ...(tokens.length > 0 ? { token } : {}) });
    this.client.on("event", (event) => this.events.push(event));
    this.client.on("reset", ({ reason }) => this.resets.push(reason));
  }

  async play(line: Line): Promise<void> {
    if (line.open) await this.#open(line.open);
    else if (line.client) await this.#hear(line.client, line.asked === true);
    else if (line.server) await this.#say(line.server);
    else if (line.close !== undefined) await this.#close(line.close, line["by"] as string);
  }

  get #socket(): FakeSocket {
    return this.world.current;
  }

  async #open(query: Frame): Promise<void> {
    if (this.#opened === 0) this.client.connect();
    for (let waited = 0; waited < 60_000 && this.world.sockets.length <= this.#opened; waited += 100) await pass(100);
    this.#opened += 1;
    const expected = new URLSearchParams(query as Record<string, string>).toString();
    expect(this.#socket.url).toBe(`ws://test/ws/${expected && `?${expected}`}`);
    this.#sent.clear();
  }

  async #hear(recorded: Frame, asked: boolean): Promise<void> {
    if (asked) this.#ask(recorded);
    // A client is free to say which of its due frames first, but it says no others.
    const due = () => this.#socket.sent.find((frame) => !this.#taken.has(frame) && same(frame, recorded));
    for (let waited = 0; waited < 5000 && !due(); waited += 100) await pass(100);
    const frame = due();
    if (!frame) expect(this.#socket.sent.filter((frame) => !this.#taken.has(frame))).toContainEqual(recorded);
    this.#taken.add(frame!);
    this.#sent.set(recorded["id"], { frame: frame!, recorded });
  }

  #ask({ type, topic, data }: Frame): void {
    if (type === "subscribe") {
      const snapshot = data?.snapshot === true;
      const subscription = this.client.subscribe(topic, { snapshot, onEvent: () => {}, onReset: () => {} });
      this.#leave.set(topic, () => subscription.unsubscribe());
    } else if (type === "unsubscribe") this.#leave.get(topic)!();
    else if (type === "inbox.subscribe") this.client.followInbox({ onInbox: () => {}, onEvent: () => {} });
    else {
      const queue = data.client_id !== undefined;
      const outcome = this.client.command(type, topic ?? null, data, { queue, timeout: 60_000 });
      this.#asked.add(JSON.stringify(data));
      this.outcomes.push(outcome.then((ok) => ({ ok }), (error: HubbubError) => ({ error: error.body() })));
    }
  }
  async #say(frame: Frame): Promise<void> {
    if (frame["type"] === "reply") {
      const { frame: sent, recorded } = this.#sent.get(frame["id"])!;
      this.#socket.push({ ...frame, id: sent["id"] });
      this.#expectOf(recorded, frame);
    } else {
      this.#socket.push(frame);
      if (frame["type"] === "reset") this.#expectReset(frame["topic"], frame["data"]);
      if (frame["topic"] && frame["data"] && !["reset", "unsubscribed"].includes(frame["type"])) this.#expectEvent(frame);
    }
    await settle();
  }

  #expectOf(recorded: Frame, { ok, error }: Frame): void {
    const { type, topic, data } = recorded;
    if (type === "subscribe" && ok) {
      if (ok.reset) this.#expectReset(topic, ok);
      for (const event of ok.events) this.#expectEvent({ ...event, topic });
    } else if (this.#asked.has(JSON.stringify(data)) && !error?.temporary) {
      this.expected.outcomes.push(error ? { error } : { ok });
    }
  }

  #expectEvent(event: Frame): void {
    const { topic, offset } = event;
    if (offset !== undefined && offset <= (this.#seen[topic] ?? 0)) return;
    if (offset !== undefined) this.#seen[topic] = offset;
    this.expected.events.push(event);
  }

  #expectReset(topic: string, { position, reason, reset }: Frame): void {
    this.#seen[topic] = position.offset;
    this.expected.resets.push(reason ?? reset);
  }

  async #close(code: number, by: string): Promise<void> {
    if (by === "client") this.client.close();
    else this.#socket.end(code);
    await settle();
  }

  /** What the client has sent beside what was recorded. */
  get unasked(): Frame[] {
    return this.world.sockets.flatMap(({ sent }) => sent).filter((frame) => !this.#taken.has(frame));
  }
}

/** Whether two frames say the same: ids are the client's own, and what is empty needn't be said. */
function same(frame: Frame, recorded: Frame): boolean {
  const bare = ({ id: _, data, ...rest }: Frame) => JSON.stringify(sorted({ ...rest, data: data ?? {} }));
  return bare(frame) === bare(recorded);
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T00:00:00Z") });
});

test.each(names)("%s", async (name) => {
  const [, ...lines] = read(name);
  const replay = new Replay(lines);
  for (const line of lines) await replay.play(line);
  expect(replay.unasked).toEqual([]);
  expect(replay.events).toEqual(replay.expected.events);
  expect(replay.resets).toEqual(replay.expected.resets);
  expect(await Promise.all(replay.outcomes)).toEqual(replay.expected.outcomes);
  expect(replay.client.status).toBe("closed");
});

test("there are recordings", () => {
  expect(names.length).toBeGreaterThan(10);
});
