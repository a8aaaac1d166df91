import { fullJitter, type BackoffOptions } from "./backoff.js";
import { afterClose } from "./close.js";
import { TokenUnavailable, type Credentials } from "./credentials.js";
import type { Environment, Socket } from "./environment.js";
import { readFrame, type CommandFrame, type Ready, type ServerFrame } from "./frames.js";

/**
 * How the client stands to the server:
 *
 * - `connecting`: on the way, for the first time or at once after a loss.
 * - `online`: the session is ready.
 * - `offline`: no connection; it is tried again and again.
 * - `restarting`: the server said that it restarts; it is tried again.
 * - `signed_out`: the server doesn't know who this is any more. Stays so until `connect()`.
 * - `not_allowed`: one may not connect here. Stays so until `connect()`.
 * - `closed`: not connected and not trying, before `connect()` and after `close()`.
 */
export type Status = "connecting" | "online" | "offline" | "restarting" | "signed_out" | "not_allowed" | "closed";

/** What a connection tells its owner. */
export interface ConnectionHandlers {
  status(status: Status): void;
  ready(ready: Ready): void;
  frame(frame: ServerFrame): void;
  /** A session that was ready has ended; nothing that was sent in it will be answered. */
  lost(): void;
}

/** The times that a connection keeps, in milliseconds. */
export interface ConnectionTimes {
  backoff: BackoffOptions;
  /** How long a new connection may take to be ready. */
  connect: number;
}

/** A connection that has lasted this long counts as a good one: the next wait is a short one again. */
const STABLE = 10_000;
/** Fresh tokens that the server refuses in a row before it is taken at its word. */
const REFUSALS = 3;
/** Failed attempts after which a restart is no longer the likely reason. */
const RESTART_ATTEMPTS = 6;

/** One session after the other, with whatever waiting lies between (rules HRT-1 and CLO-1). */
export class Connection {
  #url: string;
  #credentials: Credentials;
  #world: Environment;
  #times: ConnectionTimes;
  #handlers: ConnectionHandlers;

  #status: Status = "closed";
  #socket: Socket | null = null;
  #ready: Ready | null = null;
  #readyAt = 0;
  #heardAt = 0;
  #attempt = 0;
  #refusals = 0;
  #cancelTimer = () => {};
  #stopListening = () => {};

  constructor(
    url: string,
    credentials: Credentials,
    world: Environment,
    times: ConnectionTimes,
    handlers: ConnectionHandlers,
  ) {
    this.#url = url;
    this.#credentials = credentials;
    this.#world = world;
    this.#times = times;
    this.#handlers = handlers;
  }

  get status(): Status {
    return this.#status;
  }

  get online(): boolean {
    return this.#ready !== null;
  }

  /** When the last frame came, in milliseconds since 1970. */
  get heardAt(): number {
    return this.#heardAt;
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
    if (this.#idle || this.#socket) return;
    this.#connect();
  }

  get #idle(): boolean {
    return this.#status === "closed" || this.#status === "signed_out" || this.#status === "not_allowed";
  }

  #connect(): void {
    this.#cancelTimer();
    if (!this.#credentials.used) return this.#openSocket(this.#url);
    this.#connectWith(this.#refusals > 0 ? this.#credentials.fresh() : this.#credentials.current());
  }

  #connectWith(token: Promise<string | null>): void {
    let wanted = true;
    this.#cancelTimer = () => (wanted = false);
    token.then(
      (value) => {
        if (!wanted) return;
        if (value === null) return this.#rest("signed_out");
        const joint = this.#url.includes("?") ? "&" : "?";
        this.#openSocket(`${this.#url}${joint}token=${encodeURIComponent(value)}`);
      },
      (error: unknown) => {
        if (!wanted) return;
        if (error instanceof TokenUnavailable) this.#wait("offline");
        else this.#rest("signed_out");
      },
    );
  }

  #openSocket(url: string): void {
    const socket = this.#world.socket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#received(readFrame(data));
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#ended(code);
    };
    this.#cancelTimer = this.#world.after(this.#times.connect, () => this.drop());
  }

  #received(frame: ServerFrame | null): void {
    this.#heardAt = this.#world.now();
    if (!frame) return;
    if (frame.type === "ping") {
      this.send({ type: "pong" });
    } else if (frame.type === "ready") {
      this.#cancelTimer();
      this.#ready = frame.data as Ready;
      this.#readyAt = this.#heardAt;
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
    const patience = (this.#ready?.heartbeat ?? 30) * 2000;
    const check = () => {
      const left = this.#heardAt + patience - this.#world.now();
      if (left <= 0) this.drop();
      else this.#cancelTimer = this.#world.after(left, check);
    };
    check();
  }

  #ended(code: number): void {
    const wasReady = this.#leave();
    if (wasReady && this.#world.now() - this.#readyAt >= STABLE) this.#attempt = 0;
    switch (afterClose(code)) {
      case "stop":
        return this.#rest("closed");
      case "not_allowed":
        return this.#rest("not_allowed");
      case "refresh":
        return this.#refused();
      case "restart":
        return this.#wait("restarting");
      case "reconnect":
        return this.#wait(wasReady ? "connecting" : "offline");
    }
  }

  #refused(): void {
    this.#refusals += 1;
    if (!this.#credentials.renewable || this.#refusals > REFUSALS) return this.#rest("signed_out");
    // The first fresh token at once, so that an expired one is hardly noticed.
    if (this.#refusals > 1) return this.#wait("offline");
    this.#setStatus("connecting");
    this.#connect();
  }

  #wait(status: "connecting" | "offline" | "restarting"): void {
    const restarting = this.#status === "restarting" && this.#attempt < RESTART_ATTEMPTS;
    const delay = fullJitter(this.#attempt++, this.#times.backoff, this.#world.random);
    this.#cancelTimer();
    this.#cancelTimer = this.#world.after(delay, () => this.#connect());
    this.#setStatus(restarting ? "restarting" : status);
  }

  #rest(status: "closed" | "signed_out" | "not_allowed", code?: number): void {
    this.#stopListening();
    this.#leave(code);
    this.#setStatus(status);
  }

  /** Part from the socket and its timers. Returns whether a session was ready. */
  #leave(code?: number): boolean {
    const socket = this.#socket;
    const wasReady = this.#ready !== null;
    this.#cancelTimer();
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
    const online = () => this.retryNow();
    network.addEventListener("online", online);
    network.addEventListener("offline", offline);
    this.#stopListening = () => {
      network.removeEventListener("online", online);
      network.removeEventListener("offline", offline);
      this.#stopListening = () => {};
    };
  }

  #setStatus(status: Status): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#handlers.status(status);
  }
}
