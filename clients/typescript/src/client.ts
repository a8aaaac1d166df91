import { Announcements, type AnnouncementHandlers } from "./announcements.js";
import { Calls, type Ok } from "./calls.js";
import type { ClientEvents } from "./client-events.js";
import { Connection } from "./connection.js";
import { Credentials } from "./credentials.js";
import { Emitter } from "./emitter.js";
import { browserEnvironment, type Environment } from "./environment.js";
import { HubbubError } from "./errors.js";
import { matches, type EventFilter, type EventOf, type EventPattern } from "./events.js";
import type { AnyEvent, CommandFrame, EventFrame, Ready, ServerFrame } from "./frames.js";
import type { Commands, Person } from "./generated.js";
import { InboxFeed, type InboxHandlers } from "./inbox.js";
import { Notifications } from "./notifications.js";
import type { ClientOptions, CommandOptions } from "./options.js";
import { Presences } from "./presence.js";
import { Queue, type QueuedCommand } from "./queue.js";
import { TokenRefresh } from "./refresh.js";
import type { Status } from "./status.js";
import { MemoryStore } from "./store.js";
import type { Subscription, SubscriptionHandlers } from "./subscription.js";
import { Topics } from "./topics.js";

/**
 * A client of hubbub. It connects when told to and stays connected; subscriptions resume and queued
 * commands go out by themselves.
 *
 * ```ts
 * const client = new Client({ url: "/ws/", store: new IndexedDbStore() });
 * client.on("status", (status) => show(status));
 * client.subscribe("chat.42", { onEvent: add, onReset: reload });
 * client.connect();
 * await client.command("chat.send", "chat.42", { content: "hi" }, { queue: true });
 * ```
 */
export class Client extends Emitter<ClientEvents> {
  #world: Environment;
  #replyTimeout: number;
  #connection: Connection;
  #calls: Calls;
  #topics: Topics;
  #inbox: InboxFeed;
  #announcements: Announcements;
  #notifications: Notifications;
  #presence: Presences;
  #queue: Queue;
  #refresh: TokenRefresh;
  #user: Person | null = null;
  #lastUser: string | null | undefined;

  constructor(options: ClientOptions) {
    super();
    const world = (this.#world = options.environment ?? browserEnvironment(options.WebSocket));
    const backoff = options.backoff ?? { base: 500, cap: 30_000 };
    this.#replyTimeout = options.replyTimeout ?? 15_000;
    const credentials = new Credentials(options, () => world.now());
    const send = (frame: CommandFrame) => this.#connection.send(frame);
    this.#connection = new Connection(
      () => absolute(options.url),
      credentials,
      world,
      { backoff, connect: options.connectTimeout ?? 10_000 },
      {
        status: (status) => this.#statusChanged(status),
        ready: (ready) => this.#readied(ready),
        frame: (frame) => this.#received(frame),
        lost: () => this.#lost(),
        error: (error) => this.emit("error", error),
      },
    );
    this.#calls = new Calls(send, world);
    this.#topics = new Topics(this.#calls, send, world, backoff, {
      event: (event) => {
        this.emit("event", event as AnyEvent);
        this.#inbox.pass(event);
        this.#announcements.pass(event);
      },
      reset: (reset) => {
        this.emit("reset", reset);
        for (const feed of [this.#inbox, this.#announcements]) if (feed.has(reset.topic)) feed.refresh();
      },
    });
    this.#inbox = new InboxFeed(this.#topics, this.#calls, world, backoff);
    this.#announcements = new Announcements(this.#topics, this.#calls, world, backoff);
    this.#notifications = new Notifications(this);
    this.#presence = new Presences(this.#calls, world, backoff);
    this.#queue = new Queue(
      options.store ?? new MemoryStore(),
      world,
      { backoff, maxAge: options.maxAge ?? 24 * 3600 * 1000 },
      {
        send: (frame) => this.#sendQueued(frame),
        changed: (commands) => this.emit("queue", commands),
        replied: (command, reply) => this.emit("replied", { command, reply }),
        storage: (trouble) => this.emit("storage", trouble),
      },
    );
    this.#refresh = new TokenRefresh(credentials, this.#calls, world);
  }

  /** How the client stands to the server. */
  get status(): Status {
    return this.#connection.status;
  }

  /** Who the server takes this client for; null for a guest, and before the first session. */
  get user(): Person | null {
    return this.#user;
  }

  /** The commands that wait, are being sent, or failed and were kept. */
  get queue(): readonly QueuedCommand[] {
    return this.#queue.commands;
  }

  /** Who is online, and how one is oneself. */
  get presence(): Presences {
    return this.#presence;
  }

  /** What happened for oneself. */
  get notifications(): Notifications {
    return this.#notifications;
  }

  /**
   * Say who is signed in before the server does, so that what is queued meanwhile is stored as that
   * user's, and what the user left behind shows.
   */
  useQueueOf(user: string | number): void {
    this.#bind(String(user));
  }

  /** Connect, and stay connected from now on. */
  connect(): void {
    this.#connection.open();
  }

  /** Disconnect, and stay so until `connect()`. Subscriptions and the queue are kept. */
  close(): void {
    this.#connection.close();
  }

  /** While offline: try now rather than at the end of the wait. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /**
   * Get a topic's events, now and after every reconnect, once and in order. Several subscribers to a
   * topic share one subscription at the server.
   */
  subscribe(topic: string, handlers: SubscriptionHandlers): Subscription {
    return this.#topics.subscribe(topic, handlers);
  }

  /**
   * Call `listener` for every event of a type (`chat.message_sent`), of a feature (`chat.*`) or at all (`*`),
   * of any topic that is followed or those that `filter` names. Returns a function that ends this.
   */
  onEvent<P extends EventPattern>(
    pattern: P,
    listener: (event: EventOf<P>) => void,
    filter: EventFilter = {},
  ): () => void {
    return this.on("event", (event) => {
      if (matches(event, pattern, filter)) listener(event as EventOf<P>);
    });
  }

  /** Get all the user's conversations, and what happens in them. Returns a function that ends this. */
  followInbox(handlers: InboxHandlers): () => void {
    return this.#inbox.follow({
      onReply: (inbox) => handlers.onInbox(inbox),
      onEvent: (event) => handlers.onEvent(event),
      onError: (error) => handlers.onError?.(error),
    });
  }

  /** Get what is announced to the user's audiences, also those joined later. Returns a function that ends this. */
  followAnnouncements(handlers: AnnouncementHandlers): () => void {
    return this.#announcements.follow({
      onReply: (feed) => handlers.onFeed(feed),
      onEvent: (event) => handlers.onEvent(event),
      onError: (error) => handlers.onError?.(error),
    });
  }

  /**
   * Send a command. While connecting it waits.
   *
   * Rejects with a {@link HubbubError}. With `disconnected` or `timeout` it may have happened or not; with
   * `queue` neither can come, and temporary errors are repeated.
   */
  command<K extends keyof Commands>(
    type: K,
    topic: Commands[K]["topic"],
    data: Commands[K]["data"],
    options: CommandOptions = {},
  ): Promise<Commands[K]["reply"]> {
    const { queue = false, keepFailed = false, timeout = this.#replyTimeout } = options;
    const frame: CommandFrame = topic === null ? { type, data } : { type, topic, data };
    const reply = queue
      ? this.#queue.add(type, topic, data, keepFailed)
      : this.#calls.requestSoon(frame, this.#connection.online, timeout);
    return reply as Promise<unknown> as Promise<Commands[K]["reply"]>;
  }

  /** Send a command and ask for no reply; false where it was lost because there is no session. */
  tell<K extends keyof Commands>(type: K, topic: Commands[K]["topic"], data: Commands[K]["data"]): boolean {
    return this.#connection.send(topic === null ? { type, data } : { type, topic, data });
  }

  /** Send a failed command of the queue again. */
  retry(key: string): void {
    this.#queue.retry(key);
  }

  /** Forget a command of the queue that waits or failed. */
  discard(key: string): void {
    this.#queue.discard(key);
  }

  #readied(ready: Ready): void {
    this.#user = ready.user;
    this.#calls.frameBytes = ready.limits.frame_bytes;
    this.#bind(ready.user === null ? null : String(ready.user.id));
    this.emit("ready", ready);
    this.#refresh.start(ready);
    this.#presence.ready();
    // What is asked for first is answered first, mostly: the inbox saves subscriptions one by one.
    this.#inbox.ready();
    this.#announcements.ready();
    this.#notifications.ready();
    this.#topics.ready();
    this.#calls.flush();
    this.#queue.ready();
  }

  #bind(user: string | null): void {
    if (this.#lastUser !== undefined && this.#lastUser !== user) {
      this.#inbox.forget();
      this.#announcements.forget();
      this.#notifications.forget();
      this.#presence.forget();
    }
    this.#lastUser = user;
    this.#queue.bind(user);
  }

  #received(frame: ServerFrame): void {
    if (frame.type === "reply") this.#calls.answer(frame);
    else if (frame.type === "error") this.emit("error", errorOf(frame));
    else if (frame.type === "reset") this.#topics.resetBy(frame);
    else if (frame.type === "unsubscribed") this.#topics.unsubscribedBy(frame);
    else if (frame.topic !== undefined) this.#happened(frame as EventFrame);
  }

  #happened(event: EventFrame): void {
    if (this.#presence.receive(event)) this.emit("event", event as AnyEvent);
    else if (!this.#inbox.receive(event) && !this.#announcements.receive(event)) this.#topics.receive(event);
  }

  #lost(): void {
    this.#refresh.stop();
    this.#inbox.lost();
    this.#announcements.lost();
    this.#presence.lost();
    this.#topics.lost();
    // Before the calls: the queue must know that these are over when they are rejected.
    this.#queue.lost();
    this.#calls.lost();
  }

  #statusChanged(status: Status): void {
    if (status === "closed" || status === "signed_out" || status === "not_allowed") {
      this.#calls.abandon(status);
      this.#presence.abandon(status);
    }
    this.emit("status", status);
  }

  /** A queued command has all the time it needs, but when nothing at all comes back the socket is dead. */
  async #sendQueued(frame: CommandFrame): Promise<Ok> {
    const sentAt = this.#world.elapsed();
    const cancel = this.#world.after(this.#replyTimeout, () => {
      if (this.#connection.heardAt <= sentAt) this.#connection.drop();
    });
    return this.#calls.request(frame).finally(cancel);
  }
}

function errorOf(frame: ServerFrame): HubbubError {
  return new HubbubError(frame.error ?? { code: "internal", message: "Something went wrong.", temporary: true });
}

/** A path becomes an address on the page's own server. Asked for when connecting: a page that is rendered on a server has none. */
function absolute(url: string): string {
  if (!url.startsWith("/")) return url;
  if (typeof location === "undefined") throw new TypeError(`Outside a browser the url needs a host: wss://example.org${url}`);
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${url}`;
}
