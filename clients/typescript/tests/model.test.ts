import { beforeEach, expect, test, vi } from "vitest";
import { Client, MemoryStore, type Environment, type Socket } from "../src/index.js";
import { pass } from "./fake.js";

/*
 * A small but true server, and a wire that delays, loses and breaks as the dice have it. Whatever they
 * say: every subscriber sees each event once and in order, or is told that some are missing; every
 * queued command happens once, and in order (SUB-1, SUB-2, EVT-1, ENV-5, ACK-2).
 */

type Frame = Record<string, any>;

/** The same numbers for the same seed, from 0 up to, but not including, 1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One connection: frames wait on the wire in both directions until they are moved. */
class Wire implements Socket {
  readonly readyState = 1;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  readonly toServer: Frame[] = [];
  readonly toClient: Frame[] = [];
  readonly topics = new Set<string>();
  open = true;

  send(text: string): void {
    if (this.open) this.toServer.push(JSON.parse(text));
  }

  close(): void {
    this.open = false;
  }
}

class Server {
  readonly log: { offset: number; content: string }[] = [];
  readonly #receipts = new Map<string, Frame>();
  readonly wires = new Set<Wire>();
  faulty = true;
  #epoch = "first";

  constructor(readonly random: () => number) {}

  connect(): Wire {
    const wire = new Wire();
    this.wires.add(wire);
    const user = { id: 1, username: "ada", first_name: "", last_name: "" };
    const limits = { frame_bytes: 65_536, subscriptions: 9 };
    const time = new Date().toISOString();
    wire.toClient.push({ type: "ready", data: { session: "s", user, heartbeat: 30, limits, time } });
    return wire;
  }

  get position() {
    return { epoch: this.#epoch, offset: this.log.length };
  }

  publish(content: string): void {
    const event = { offset: this.log.length + 1, content };
    this.log.push(event);
    for (const wire of this.wires) {
      if (!wire.topics.has("chat.1")) continue;
      // No rule allows a server to lose or to double a frame; a client that bears it is the safer one.
      const copies = !this.faulty || this.random() > 0.1 ? 1 : this.random() < 0.5 ? 0 : 2;
      for (let copy = 0; copy < copies; copy++) wire.toClient.push(this.#frame(event));
    }
  }

  take(wire: Wire, { id, type, data, since }: Frame): void {
    const reply = (ok: Frame) => wire.toClient.push({ id, type: "reply", ok });
    if (type === "subscribe") {
      const missed = since ? this.log.slice(since.offset) : [];
      const tooFar = missed.length > 8;
      wire.topics.add("chat.1");
      const events = tooFar ? [] : missed.map((event) => this.#frame(event));
      const { position } = this;
      const snapshot = data?.snapshot ? { snapshot: { length: position.offset } } : {};
      // What happens while the log is read may overtake the reply, where the inbox follows the topic too.
      if (this.random() < 0.3) this.publish("(meanwhile)");
      reply({ ...snapshot, position, recovered: Boolean(since) && !tooFar, events, ...(tooFar ? { reset: "too_far" } : {}) });
    } else if (type === "chat.send") {
      if (this.random() < 0.1) {
        const error = { code: "busy", message: "", temporary: true, ...(this.random() < 0.5 ? { retry_after: 1 } : {}) };
        wire.toClient.push({ id, type: "reply", error });
        return;
      }
      const known = this.#receipts.get(data.client_id);
      const ok = known ?? { offset: this.log.length + 1 };
      this.#receipts.set(data.client_id, ok);
      // The reply and the event that it caused may come in either order.
      if (this.random() < 0.5) reply(ok);
      if (!known) this.publish(data.content);
      if (!wire.toClient.some((frame) => frame["id"] === id)) reply(ok);
    }
  }

  #frame({ offset, content }: { offset: number; content: string }): Frame {
    return { type: "chat.message_sent", topic: "chat.1", offset, data: { message: { content } } };
  }
}

class World implements Environment {
  network = null;
  constructor(
    readonly server: Server,
    readonly random: () => number,
  ) {}
  now = () => Date.now();
  elapsed = () => performance.now();
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }
  socket(): Wire {
    return this.server.connect();
  }
}

/** Move the next frame of a wire, in one direction. */
function move(server: Server, wire: Wire, toServer: boolean): void {
  const frame = toServer ? wire.toServer.shift() : wire.toClient.shift();
  if (!frame) return;
  if (toServer) server.take(wire, frame);
  else wire.onmessage?.({ data: JSON.stringify(frame) });
}

function cut(server: Server, wire: Wire): void {
  server.wires.delete(wire);
  wire.open = false;
  wire.onclose?.({ code: 1006 });
}

beforeEach(() => {
  vi.useFakeTimers();
});

test.each(Array.from({ length: 150 }, (_, seed) => seed))("seed %i", async (seed) => {
  const random = dice(seed);
  const server = new Server(random);
  const store = new MemoryStore();
  const sent: string[] = [];
  const broken: string[] = [];

  // A page: a client with its subscribers. A reload begins another one on the same store.
  const page = () => {
    const client = new Client({ url: "ws://test/ws/", environment: new World(server, random), store });
    let last = 0;
    client.on("reset", () => (last = 0));
    client.on("event", ({ offset }) => {
      if (offset! <= last) broken.push(`${offset} came twice`);
      last = offset!;
    });
    client.useQueueOf(1);
    client.connect();
    return client;
  };
  const listen = (client: Client) => {
    const view = { last: -1 };
    const subscription = client.subscribe("chat.1", {
      snapshot: random() < 0.5,
      onSnapshot: (snapshot, { offset }) => {
        if ((snapshot as Frame)["length"] !== offset) broken.push(`a snapshot was not of ${offset}`);
      },
      onLive: ({ offset }) => (view.last = offset),
      onReset: ({ position }) => (view.last = position.offset),
      onEvent: ({ offset }) => {
        if (offset !== view.last + 1) broken.push(`${offset} came after ${view.last}`);
        view.last = offset!;
      },
    });
    return { view, subscription };
  };

  let client = page();
  let listeners = [listen(client)];
  const send = () => {
    const content = `m${sent.length}`;
    sent.push(content);
    client.command("chat.send", "chat.1", { content }, { queue: true }).catch(() => {});
  };

  for (let step = 0; step < 250; step++) {
    const wires = [...server.wires];
    const wire = wires[Math.floor(random() * wires.length)];
    const choice = random();
    if (choice < 0.12) send();
    else if (choice < 0.2) server.publish(`other ${step}`);
    else if (choice < 0.24 && wire) cut(server, wire);
    else if (choice < 0.26) listeners.push(listen(client));
    else if (choice < 0.27 && listeners.length > 1) listeners.shift()?.subscription.unsubscribe();
    else if (choice < 0.28) {
      client.close();
      client = page();
      listeners = [listen(client)];
    } else if (choice < 0.4) await pass(random() * 2000);
    else if (wire) move(server, wire, random() < 0.5);
    await pass(0);
  }

  // Now the wire is a good one, and one more event shows whether any is missing: everything must arrive.
  server.faulty = false;
  for (let round = 0; round < 200; round++) {
    for (const wire of [...server.wires]) while (wire.toServer.length + wire.toClient.length > 0) {
      move(server, wire, true);
      move(server, wire, false);
      await pass(0);
    }
    const level = listeners.every(({ view }) => view.last === server.log.length);
    if (client.status === "online" && client.queue.length === 0 && level) break;
    if (client.status === "online" && !level) server.publish("last");
    await pass(1000);
  }
  expect(broken).toEqual([]);
  expect(client.queue).toEqual([]);
  for (const { view, subscription } of listeners) {
    expect(view.last).toBe(server.log.length);
    expect(subscription.position).toEqual(server.position);
  }
  expect(server.log.map(({ content }) => content).filter((content) => content.startsWith("m"))).toEqual(sent);
});
