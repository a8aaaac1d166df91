import { vi } from "vitest";
import { Client, type ClientOptions, type Environment, type Ready, type Socket } from "../src/index.js";

type Frame = Record<string, any>;

/** The server's end of one socket. */
export class FakeSocket implements Socket {
  readyState = 0;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  /** What the client has sent. */
  readonly sent: Frame[] = [];
  closed = false;

  constructor(readonly url: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  /** Send a frame to the client. */
  push(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** End the connection from the server's side. */
  end(code: number): void {
    this.closed = true;
    this.onclose?.({ code });
  }

  /** Refuse the attempt as Node's own socket tells it: with an error, and nothing else. */
  refuse(): void {
    this.onerror?.();
  }

  ready(changes: Partial<Ready> = {}): this {
    const user = { id: 7, username: "ada", first_name: "", last_name: "" };
    const limits = { frame_bytes: 65_536, subscriptions: 100 };
    const time = new Date().toISOString();
    this.readyState = 1;
    this.push({ type: "ready", data: { session: "s", user, heartbeat: 30, limits, time, ...changes } });
    return this;
  }

  /** The commands of a type, in the order in which they came. */
  of(type: string): Frame[] {
    return this.sent.filter((frame) => frame["type"] === type);
  }

  /** The last command of a type. */
  last(type: string): Frame {
    const found = this.of(type).at(-1);
    if (!found) throw new Error(`no ${type} came, but ${this.sent.map(({ type }) => type).join(", ") || "nothing"}`);
    return found;
  }

  /** Reply to a command, and let the client take it in. */
  async ok(command: Frame, ok: Frame = {}): Promise<void> {
    this.push({ id: command["id"], type: "reply", ok });
    await settle();
  }

  async fail(command: Frame, error: Frame): Promise<void> {
    this.push({ id: command["id"], type: "reply", error: { message: "", temporary: false, ...error } });
    await settle();
  }

  event(topic: string, offset: number | undefined, text = String(offset)): void {
    const message = { id: offset, sender: null, content: text, timestamp: "", number: offset };
    this.push({ type: "chat.message_sent", topic, ...(offset ? { offset } : {}), data: { message, client_id: null } });
  }
}

/** A world with a clock that stands still until `pass`, and dice that are loaded. */
export class FakeWorld implements Environment {
  readonly sockets: FakeSocket[] = [];
  readonly network = new EventTarget();
  dice = 0.5;

  now = () => Date.now();
  elapsed = () => performance.now();
  random = () => this.dice;

  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }

  socket(url: string): FakeSocket {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  }

  /** The newest socket. */
  get current(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("the client has not connected");
    return socket;
  }

  /** Wait until there is an attempt to connect that nothing was said to yet. */
  async attempted(): Promise<void> {
    await settle();
    while (this.sockets.at(-1)?.closed ?? true) await vi.advanceTimersToNextTimerAsync();
  }

  /** Wait until the client has connected once more, and make that session ready. */
  async reconnected(changes: Partial<Ready> = {}): Promise<FakeSocket> {
    await this.attempted();
    const socket = this.current.ready(changes);
    await settle();
    return socket;
  }
}

/** Let promises run, but no time pass. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Let time pass, in milliseconds. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A client that is online. */
export async function online(
  options: Partial<ClientOptions> = {},
  world = new FakeWorld(),
): Promise<{ client: Client; world: FakeWorld; socket: FakeSocket }> {
  const client = new Client({ url: "ws://test/ws/", environment: world, ...options });
  client.connect();
  await settle();
  const socket = world.current.ready();
  await settle();
  return { client, world, socket };
}
