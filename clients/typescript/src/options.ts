import type { BackoffOptions } from "./backoff.js";
import type { TokenSource } from "./credentials.js";
import type { Environment, WebSocketClass } from "./environment.js";
import type { QueueStore } from "./store.js";

/** How a client is set up. Times are in milliseconds. */
export interface ClientOptions {
  /** The socket's address, `wss://chat.example.org/ws/`. In a browser a path, `/ws/`, is enough. */
  url: string;
  /** An access token, or a function that gets one. Without a token the session cookie says who this is. */
  token?: TokenSource;
  /** A function that gets a ticket, good for connecting once, in the place of a token; it is asked each time. */
  ticket?: () => Promise<string | null>;
  /** What makes sockets, where there is no global `WebSocket` (Node 20) or another is wanted. */
  WebSocket?: WebSocketClass;
  /** Where the outgoing queue is kept. By default as long as the page lives. */
  store?: QueueStore;
  /** How long to wait between attempts to connect. By default up to 0.5 s at first, 30 s at last. */
  backoff?: BackoffOptions;
  /** How long a new connection may take to be ready. By default 10 s. */
  connectTimeout?: number;
  /** How long a command may take that isn't queued, connecting included. By default 15 s. */
  replyTimeout?: number;
  /**
   * How old a stored command may be to be sent by itself. By default a day; it must be shorter than the
   * server's memory of what it has replied to.
   */
  maxAge?: number;
  /** The world, for tests. */
  environment?: Environment;
}

/** How a command is sent. */
export interface CommandOptions {
  /**
   * Keep the command until it is replied to, over any number of connections. It gets a `client_id` if its
   * data has none, so that it happens once; commands of one topic keep their order.
   */
  queue?: boolean;
  /** Keep a queued command that failed for good, for `queue.retry` or `queue.discard`. */
  keepFailed?: boolean;
  /** How long the command may take, in milliseconds, if it isn't queued. */
  timeout?: number;
}
