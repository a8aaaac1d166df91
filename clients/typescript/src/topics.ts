import { waitAfter, type BackoffOptions } from "./backoff.js";
import type { Calls } from "./calls.js";
import { guarded } from "./emitter.js";
import type { Environment } from "./environment.js";
import type { HubbubError } from "./errors.js";
import type { CommandFrame, EventFrame, ResetReason, ServerFrame, Subscribed } from "./frames.js";
import type { Position } from "./generated.js";
import { Subscription, type SubscriptionHandlers } from "./subscription.js";
import { Topic } from "./topic.js";

/** What the topics tell their owner. */
export interface TopicsHandlers {
  event(event: EventFrame): void;
  reset(reset: { topic: string; reason: ResetReason; position: Position }): void;
}

/** All topics of a client: subscribes, resumes, and fills gaps (rules SUB-1 to SUB-4). */
export class Topics {
  #calls: Calls;
  #send: (frame: CommandFrame) => boolean;
  #world: Environment;
  #backoff: BackoffOptions;
  #handlers: TopicsHandlers;
  #online = false;
  /** Counts the sessions, so that an answer of an earlier one is known as such. */
  #session = 0;
  #topics = new Map<string, Topic>();

  constructor(
    calls: Calls,
    send: (frame: CommandFrame) => boolean,
    world: Environment,
    backoff: BackoffOptions,
    handlers: TopicsHandlers,
  ) {
    this.#calls = calls;
    this.#send = send;
    this.#world = world;
    this.#backoff = backoff;
    this.#handlers = handlers;
  }

  subscribe(name: string, handlers: SubscriptionHandlers): Subscription {
    const topic = this.topic(name);
    const subscription = new Subscription(name, handlers, (leaver) => this.#unsubscribe(topic, leaver));
    topic.subscriptions.add(subscription);
    if (handlers.since && !handlers.snapshot) topic.begin(subscription, handlers.since);
    if (this.#online) this.#attend(topic);
    return subscription;
  }

  /** The topic of that name, made where it wasn't known. */
  topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = new Topic(name, (event) => this.#handlers.event(event));
      this.#topics.set(name, topic);
    }
    return topic;
  }

  knows(name: string): boolean {
    return this.#topics.has(name);
  }

  /** The topics that come by a feed. */
  of(feed: object): Topic[] {
    return [...this.#topics.values()].filter((topic) => topic.feed === feed);
  }

  /** A session is ready. */
  ready(): void {
    this.#online = true;
    this.attendAll();
  }

  /** See to it that all subscribers get their events. */
  attendAll(): void {
    for (const topic of [...this.#topics.values()]) this.#attend(topic);
  }

  /** The session is over. */
  lost(): void {
    this.#online = false;
    this.#session += 1;
    for (const topic of this.#topics.values()) {
      topic.lost();
      this.#prune(topic);
    }
  }

  /** Take in an event of a topic that is followed; others are leftovers of one that was given up. */
  receive(event: EventFrame): void {
    const topic = this.#topics.get(event.topic);
    if (topic && !topic.receive(event)) this.#attend(topic);
  }

  /** Take in a `reset` frame (rule SUB-3). */
  resetBy(frame: ServerFrame): void {
    const topic = this.#topics.get(frame.topic ?? "");
    const { position, reason } = frame.data as { position: Position; reason: string };
    if (topic) this.reset(topic, reason, position);
  }

  /** What was known of a topic is void. */
  reset(topic: Topic, reason: ResetReason, position: Position): void {
    this.#forget(topic, reason, position);
    this.#attend(topic);
  }

  /** Take in an `unsubscribed` frame (rule SUB-4). */
  unsubscribedBy(frame: ServerFrame): void {
    const topic = this.#topics.get(frame.topic ?? "");
    if (topic) this.#end(topic, (frame.data as { reason: string }).reason, null);
  }

  /** Its feed no longer follows a topic. */
  feedLeft(topic: Topic): void {
    topic.feed = null;
    this.#prune(topic);
  }

  /** Forget a topic that nobody wants. */
  #prune(topic: Topic): void {
    if (topic.subscriptions.size === 0 && !topic.feed) this.#topics.delete(topic.name);
  }

  #forget(topic: Topic, reason: ResetReason, position: Position): void {
    topic.reset(reason, position);
    this.#handlers.reset({ topic: topic.name, reason, position });
  }

  /** See to it that every subscriber gets its events: ask the server where that takes it. */
  #attend(topic: Topic): void {
    if (!this.#online) return;
    if (topic.followed && topic.position) {
      for (const subscription of topic.subscriptions) {
        if (!subscription.live && !subscription.handlers.snapshot) subscription.start(topic.position);
      }
    }
    if (topic.asking) return;
    const subscriptions = [...topic.subscriptions];
    const joining = subscriptions.filter((subscription) => !subscription.live);
    const resuming = subscriptions.length > joining.length && !topic.followed;
    if (joining.length > 0 || resuming || topic.missing) this.#ask(topic, joining);
  }

  /**
   * Subscribe. A server that is asked again begins anew from its reply, so whoever has the topic already
   * must be served by the same question: it always carries `since` where a position is known.
   */
  #ask(topic: Topic, joining: Subscription[]): void {
    const session = this.#session;
    const since = topic.position;
    const snapshot = joining.some(({ handlers }) => handlers.snapshot);
    const frame: CommandFrame = { type: "subscribe", topic: topic.name };
    if (since) frame.since = since;
    if (snapshot) frame.data = { snapshot };
    topic.asking = true;
    if (since) topic.hold();
    this.#calls.request(frame).then(
      (ok) => this.#answered(topic, since, joining, ok as unknown as Subscribed),
      (error: HubbubError) => {
        // What comes of a session that is over needs no care: the next one starts with `ready`.
        if (session !== this.#session) return;
        if (error.temporary) this.#askLater(topic, error, session);
        else this.#end(topic, error.code, error);
      },
    );
  }

  #answered(topic: Topic, since: Position | null, joining: Subscription[], ok: Subscribed): void {
    topic.asking = false;
    topic.attempts = 0;
    topic.subscribed = true;
    if (topic.subscriptions.size === 0 && !topic.feed) return this.#release(topic);
    if (!since) topic.located(ok.position);
    else if (ok.recovered) topic.resumed(ok.events.map((event) => ({ ...event, topic: topic.name })), ok.position);
    else this.#forget(topic, ok.reset ?? "epoch", ok.position);
    // Who joined after the question is not in this list: the snapshot is older than what was held for it.
    for (const subscription of joining) {
      if (!topic.subscriptions.has(subscription) || subscription.live) continue;
      subscription.start(ok.position, subscription.handlers.snapshot ? (ok.snapshot ?? null) : undefined);
    }
    this.#attend(topic);
  }

  #askLater(topic: Topic, error: HubbubError, session: number): void {
    const wait = waitAfter(error, topic.attempts++, this.#backoff, this.#world.random);
    this.#world.after(wait, () => {
      if (session !== this.#session) return;
      topic.asking = false;
      this.#prune(topic);
      this.#attend(topic);
    });
  }

  #end(topic: Topic, reason: string, error: HubbubError | null): void {
    this.#topics.delete(topic.name);
    const ended = [...topic.subscriptions];
    topic.subscriptions.clear();
    for (const { handlers } of ended) guarded(() => handlers.onEnd?.({ reason, error }));
  }

  #unsubscribe(topic: Topic, subscription: Subscription): void {
    topic.subscriptions.delete(subscription);
    if (topic.subscriptions.size > 0 || topic.feed || this.#topics.get(topic.name) !== topic) return;
    // While a `subscribe` is under way its reply sees that nobody is left.
    if (!topic.asking) this.#release(topic);
  }

  #release(topic: Topic): void {
    if (this.#topics.get(topic.name) === topic) this.#topics.delete(topic.name);
    if (topic.subscribed) this.#send({ type: "unsubscribe", topic: topic.name });
  }
}
