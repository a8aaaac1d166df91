import { fullJitter, type BackoffOptions } from "./backoff.js";
import { afterClose } from "./close.js";
import type { Credentials } from "./credentials.js";
import type { Environment, Socket } from "./environment.js";
import { clientError, type HubbubError } from "./errors.js";
import { readFrame, type CommandFrame, type Ready, type ServerFrame } from "./frames.js";
import { Silence } from "./silence.js";
import type { Status } from "./status.js";

/** What a connection tells its owner. */
export interface ConnectionHandlers {
  status(status: Status): void;
  ready(ready: Ready): void;
  frame(frame: ServerFrame): void;
  /** A session that was ready has ended; nothing that was sent in it will be answered. */
  lost(): void;
  /** Something went wrong that is tried again. */
  error(error: HubbubError): void;
}

/** The times that a connection keeps, in milliseconds. */
export interface ConnectionTimes {
  backoff: BackoffOptions;
  /** How long a new connection may take to be ready. */
  connect: number;
}

/** The state of a WebSocket that is neither open nor closed yet. */
const CONNECTING = 0;
/** A connection that has lasted this long counts as a good one: the next wait is a short one again. */
const STABLE = 10_000;
/** Fresh tokens that the server refuses in a row before it is taken at its word. */
const REFUSALS = 3;
/** After an overload, wait as after this many failed attempts. */
const OVERLOAD_ATTEMPTS = 4;
/** A socket that has been silent for this many heartbeats when the page wakes up is not waited for. */
const ASLEEP = 1.25;
/** Failed attempts after which a restart is no longer the likely reason. */
const RESTART_ATTEMPTS = 6;

/** One session after the other, with whatever waiting lies between (rules HRT-1 and CLO-1). */
export class Connection {
  #url: () => string;
  #credentials: Credentials;
  #world: Environment;
  #times: ConnectionTimes;
  #handlers: ConnectionHandlers;

  #status: Status = "closed";
  #socket: Socket | null = null;
  #ready: Ready | null = null;
  #readyAt = 0;
  #silence: Silence;
  #attempt = 0;
  #refusals = 0;
  /** Between two attempts; otherwise one is under way, or none is wanted. */
  #waiting = false;
  #cancelTimer = () => {};
  #stopListening = () => {};

  constructor(
    url: () => string,
    credentials: Credentials,
    world: Environment,
    times: ConnectionTimes,
    handlers: ConnectionHandlers,
  ) {
    this.#url = url;
    this.#credentials = credentials;
    this.#world = world;
    this.#silence = new Silence(world);
    this.#times = times;
    this.#handlers = handlers;
  }

  get status(): Status {
    return this.#status;
  }

  get online(): boolean {
    return this.#ready !== null;
  }

  /** When the last frame came, by the environment's `elapsed`. */
  get heardAt(): number {
    return this.#silence.since;
  }

  /** Connect, and stay connected from now on. Without effect on a connection that is wanted already. */
  open(): void {
    if (!this.#idle) return;
    this.#attempt = this.#refusals = 0;
    this.#listenToNetwork();
    this.#setStatus("connecting");
    this.#connect();
  }

  /** Disconnect, and stay so. */
  close(): void {
    this.#rest("closed", 1000);
  }

  /** Send a frame; false where there is no session. */
  send(frame: CommandFrame): boolean {
    if (!this.#ready) return false;
    this.#socket?.send(JSON.stringify(frame));
    return true;
  }

  /** Give the socket up and connect again: it seems dead. Its close may never be heard of. */
  drop(): void {
    if (this.#socket) this.#ended(1006);
  }

  /** Connect now rather than at the end of the wait. */
  retryNow(): void {
    if (this.#waiting) this.#connect();
  }

  get #idle(): boolean {
    return this.#status === "closed" || this.#status === "signed_out" || this.#status === "not_allowed";
  }

  #connect(): void {
    this.#cancelTimer();
    this.#waiting = false;
    if (!this.#credentials.parameter) return this.#openSocket();
    this.#connectWith(this.#refusals > 0 ? this.#credentials.fresh() : this.#credentials.current());
  }

  #connectWith(token: Promise<string | null>): void {
    let wanted = true;
    const unavailable = (cause: unknown) => {
      if (!wanted) return;
      this.#wait("offline");
      this.#handlers.error(clientError("no_token", { cause }));
    };
    const cancel = this.#world.after(this.#times.connect, () => unavailable(clientError("timeout")));
    this.#cancelTimer = () => {
      wanted = false;
      cancel();
    };
    token.then((value) => {
      if (!wanted) return;
      this.#cancelTimer();
      if (value === null) return this.#rest("signed_out");
      this.#openSocket(`${this.#credentials.parameter}=${encodeURIComponent(value)}`);
    }, unavailable);
  }

  /** Throws where no socket can be made at all; then there is no use in trying again. */
  #openSocket(query = ""): void {
    let socket: Socket;
    try {
      const url = this.#url();
      socket = this.#world.socket(query ? `${url}${url.includes("?") ? "&" : "?"}${query}` : url);
    } catch (error) {
      this.#rest("closed");
      throw error;
    }
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#received(readFrame(data));
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#ended(code);
    };
    socket.onerror = () => {
      // Node 20's own socket tells of an attempt that failed by this alone: no close follows, and its
      // state stays as it was.
      if (this.#socket === socket && socket.readyState === CONNECTING) this.#ended(1006);
    };
    this.#cancelTimer = this.#world.after(this.#times.connect, () => this.drop());
  }

  #received(frame: ServerFrame | null): void {
    this.#silence.end();
    if (!frame) return;
    if (frame.type === "ping") {
      this.send({ type: "pong" });
    } else if (frame.type === "ready") {
      this.#cancelTimer();
      this.#ready = frame.data as Ready;
      this.#readyAt = this.#silence.since;
      this.#refusals = 0;
      this.#watch();
      this.#handlers.ready(this.#ready);
      this.#setStatus("online");
    } else if (this.#ready) {
      this.#handlers.frame(frame);
    }
  }

  /** Reconnect when nothing has come for two heartbeats: such a socket may stay "open" for hours. */
  #watch(): void {
    const patience = this.#heartbeat * 2;
    const check = () => {
      const left = patience - this.#silence.length;
      if (left <= 0) this.drop();
      else this.#cancelTimer = this.#world.after(left, check);
    };
    check();
  }

  get #heartbeat(): number {
    return (this.#ready?.heartbeat ?? 30) * 1000;
  }

  #ended(code: number): void {
    const wasReady = this.#leave();
    if (wasReady && this.#world.elapsed() - this.#readyAt >= STABLE) this.#attempt = 0;
    const reconnecting = wasReady ? "connecting" : "offline";
    switch (afterClose(code)) {
      case "stop":
        return this.#rest("closed");
      case "not_allowed":
        return this.#rest("not_allowed");
      case "refresh":
        return this.#refused();
      case "restart":
        return this.#wait("restarting");
      case "overload":
        this.#attempt = Math.max(this.#attempt, OVERLOAD_ATTEMPTS);
        return this.#wait(reconnecting);
      case "reconnect":
        return this.#wait(reconnecting);
    }
  }

  #refused(): void {
    this.#refusals += 1;
    if (!this.#credentials.renewable || this.#refusals > REFUSALS) return this.#rest("signed_out");
    // The first fresh token at once, so that an expired one is hardly noticed; but if its session ends as
    // soon, the next ones wait longer and longer.
    if (this.#attempt++ > 0) return this.#wait("offline");
    this.#setStatus("connecting");
    this.#connect();
  }

  #wait(status: "connecting" | "offline" | "restarting"): void {
    const restarting = this.#status === "restarting" && this.#attempt < RESTART_ATTEMPTS;
    const delay = fullJitter(this.#attempt++, this.#times.backoff, this.#world.random);
    this.#cancelTimer();
    this.#waiting = true;
    this.#cancelTimer = this.#world.after(delay, () => this.#connect());
    this.#setStatus(restarting ? "restarting" : status);
  }

  #rest(status: "closed" | "signed_out" | "not_allowed", code?: number): void {
    this.#stopListening();
    this.#leave(code);
    this.#credentials.forget();
    this.#setStatus(status);
  }

  /** Part from the socket and its timers. Returns whether a session was ready. */
  #leave(code?: number): boolean {
    const socket = this.#socket;
    const wasReady = this.#ready !== null;
    this.#cancelTimer();
    this.#waiting = false;
    this.#socket = this.#ready = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close(code);
    }
    if (wasReady) this.#handlers.lost();
    return wasReady;
  }

  #listenToNetwork(): void {
    const { network } = this.#world;
    if (!network) return;
    // Going offline is believed at once, but connecting is tried all the same: the browser speaks of the
    // machine's network, and the server may be on the machine itself.
    const offline = () => {
      if (!this.#socket) return;
      this.#leave();
      this.#wait("offline");
    };
    // The machine has slept, or the browser has kept this page's timers slow. What it waits for may be there
    // by now, and what seems to be open may be gone since long.
    const woken = () => {
      if (typeof document !== "undefined" && document.visibilityState === "hidden") return;
      if (this.#ready && this.#silence.length > this.#heartbeat * ASLEEP) this.drop();
      this.retryNow();
    };
    const listeners = { offline, online: woken, visibilitychange: woken, pageshow: woken };
    for (const [name, listener] of Object.entries(listeners)) network.addEventListener(name, listener);
    this.#stopListening = () => {
      for (const [name, listener] of Object.entries(listeners)) network.removeEventListener(name, listener);
      this.#stopListening = () => {};
    };
  }

  #setStatus(status: Status): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#handlers.status(status);
  }
}
