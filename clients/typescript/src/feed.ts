import { waitAfter, type BackoffOptions } from "./backoff.js";
import { byteLength, type Calls } from "./calls.js";
import { guarded } from "./emitter.js";
import type { Environment } from "./environment.js";
import type { HubbubError } from "./errors.js";
import type { AnyEvent, EventFrame } from "./frames.js";
import type { Position } from "./generated.js";
import type { Topics } from "./topics.js";

/** What a feed's command replies: where each of its topics stands, and which are not known in full. */
export interface FeedReply {
  positions: Record<string, Position>;
  reset: string[];
}

/** What a follower of a feed wants to hear. */
export interface FeedHandlers<Reply> {
  onReply(reply: Reply): void;
  onEvent(event: AnyEvent): void;
  onError(error: HubbubError): void;
}

/** Of a frame, for all that is not `since`. */
const ENVELOPE_BYTES = 200;

/**
 * Many topics by one command, the inbox's or the announcements'. The server follows them for the session, also
 * those that are granted later; this keeps their positions and resumes them.
 */
export class Feed<Reply extends FeedReply> {
  /** Why its topics are reset, where it can't resume them: the first part of its command's name. */
  readonly reason: string;
  #command: string;
  #kinds: ReadonlySet<string>;
  #topics: Topics;
  #calls: Calls;
  #world: Environment;
  #backoff: BackoffOptions;
  #handlers = new Set<FeedHandlers<Reply>>();
  #online = false;
  #session = 0;
  #asking = false;
  #askAgain = false;
  #attempts = 0;
  /** Events of topics that nothing is known of yet, until the reply tells their positions. */
  #early: EventFrame[] = [];

  /** `kinds`: the first parts of its topics' names (rule TOP-1). */
  constructor(
    command: string,
    kinds: readonly string[],
    topics: Topics,
    calls: Calls,
    world: Environment,
    backoff: BackoffOptions,
  ) {
    this.reason = command.split(".", 1)[0]!;
    this.#command = command;
    this.#kinds = new Set(kinds);
    this.#topics = topics;
    this.#calls = calls;
    this.#world = world;
    this.#backoff = backoff;
  }

  /** Follow the feed. Returns a function that ends this. */
  follow(handlers: FeedHandlers<Reply>): () => void {
    this.#handlers.add(handlers);
    if (this.#online && !this.#asking) this.refresh();
    return () => this.#handlers.delete(handlers);
  }

  /** A session is ready. */
  ready(): void {
    this.#online = true;
    if (this.#handlers.size > 0) this.refresh();
  }

  /** The session is over. */
  lost(): void {
    this.#online = this.#asking = this.#askAgain = false;
    this.#session += 1;
    this.#early = [];
  }

  /** Another user's topics have nothing to do with this one's. */
  forget(): void {
    for (const topic of this.#topics.of(this)) this.#topics.feedLeft(topic);
  }

  /** Ask again how everything stands. */
  refresh(): void {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    const session = this.#session;
    const since = this.#since();
    this.#asking = true;
    this.#calls.request({ type: this.#command, data: { since } }).then(
      (ok) => this.#answered(ok as unknown as Reply, since),
      (error: HubbubError) => {
        if (session === this.#session) this.#refused(error, session);
      },
    );
  }

  /** Take in an event. Returns whether it is the feed's to deal with. */
  receive(event: EventFrame): boolean {
    if (this.#handlers.size === 0 || !this.#online || this.#topics.knows(event.topic)) return false;
    if (!this.#kinds.has(event.topic.split(".", 1)[0]!)) return false;
    if (this.#asking) {
      this.#early.push(event);
    } else {
      // The server follows a topic that was granted just now.
      this.#topics.topic(event.topic).feed = this;
      this.#topics.receive(event);
    }
    return true;
  }

  /** Pass an event on that has been found new and in order. */
  pass(event: EventFrame): void {
    if (!this.has(event.topic)) return;
    for (const { onEvent } of [...this.#handlers]) guarded(() => onEvent(event as AnyEvent));
  }

  /** Whether a topic's events come by this feed. */
  has(name: string): boolean {
    return this.#topics.knows(name) && this.#topics.topic(name).feed === this;
  }

  /** The server follows one more topic for this session, from just that position. */
  joined(name: string, position: Position): void {
    const topic = this.#topics.topic(name);
    topic.feed = this;
    topic.located(position);
  }

  /**
   * Where its topics stand, as far as a frame holds it. What has to be left out loses nothing: the reply tells where
   * it stands at the server, and what is missing is asked for topic by topic.
   */
  #since(): Record<string, Position> {
    const since: Record<string, Position> = {};
    let room = this.#calls.frameBytes - ENVELOPE_BYTES;
    for (const { name, position } of this.#topics.of(this)) {
      if (!position) continue;
      room -= byteLength(`${JSON.stringify(name)}:${JSON.stringify(position)},`);
      if (room < 0) break;
      since[name] = position;
    }
    return since;
  }

  #answered(reply: Reply, since: Record<string, Position>): void {
    const again = this.#askAgain;
    this.#attempts = 0;
    for (const topic of this.#topics.of(this)) {
      if (!(topic.name in reply.positions)) this.#topics.feedLeft(topic);
    }
    const reset = new Set(reply.reset);
    for (const [name, position] of Object.entries(reply.positions)) {
      const topic = this.#topics.topic(name);
      topic.feed = this;
      // A topic that resumes keeps its own position: what lies between the two comes as events.
      if (name in since) continue;
      const epoch = topic.position?.epoch;
      if (epoch && epoch !== position.epoch) reset.add(name);
      else topic.located(position);
    }
    for (const { onReply } of [...this.#handlers]) guarded(() => onReply(reply));
    for (const name of reset) {
      const position = reply.positions[name];
      if (position) this.#topics.reset(this.#topics.topic(name), this.reason, position);
    }
    // The resets above have asked to read again what has just been read.
    this.#asking = this.#askAgain = false;
    const early = this.#early;
    this.#early = [];
    for (const event of early) if (!this.receive(event)) this.#topics.receive(event);
    this.#topics.attendAll();
    if (again) this.refresh();
  }

  #refused(error: HubbubError, session: number): void {
    if (!error.temporary) {
      this.#asking = false;
      this.forget();
      for (const { onError } of [...this.#handlers]) guarded(() => onError(error));
      return;
    }
    const wait = waitAfter(error, this.#attempts++, this.#backoff, this.#world.random);
    this.#world.after(wait, () => {
      if (session !== this.#session) return;
      this.#asking = false;
      this.refresh();
    });
  }
}
