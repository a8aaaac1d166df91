/** The part of a WebSocket that the client uses. */
export interface Socket {
  /** 0 for as long as the attempt lasts. */
  readonly readyState: number;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  /** A close follows, or should; some libraries end the process where nobody listens. */
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** What the client needs of the world. Everything of it can be replaced, in tests above all. */
export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets; it may stand still while the machine sleeps. */
  elapsed(): number;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
  /** Call `run` after `ms` milliseconds. Returns a function that cancels it. */
  after(ms: number, run: () => void): () => void;
  /** Open a socket. */
  socket(url: string): Socket;
  /** Where `online`, `offline`, `visibilitychange` and `pageshow` happen; null where nothing tells. */
  network: EventTarget | null;
}

/** A constructor of sockets: the browser's `WebSocket`, or one of its kind. */
export type WebSocketClass = new (url: string) => object;

/** The world as it is in a browser, and in any runtime. `Sockets` is by default the global `WebSocket`. */
export function browserEnvironment(Sockets?: WebSocketClass): Environment {
  return {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    random: () => Math.random(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    socket: (url) => {
      const Class = Sockets ?? (globalThis.WebSocket as WebSocketClass | undefined);
      if (!Class) throw new Error("There is no WebSocket here (Node has one from version 22): give one, `new Client({ WebSocket })`.");
      return new Class(url) as Socket;
    },
    network: typeof window === "undefined" ? null : window,
  };
}

/** A name that nobody else has: 128 random bits. `crypto.randomUUID` is missing on plain http. */
export function uniqueId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
