import { waitAfter, type BackoffOptions } from "./backoff.js";
import type { Calls } from "./calls.js";
import { guarded } from "./emitter.js";
import type { Environment } from "./environment.js";
import type { HubbubError } from "./errors.js";
import type { AnyEvent, EventFrame } from "./frames.js";
import type { ConversationAdded, Inbox, Position } from "./generated.js";
import type { Topics } from "./topics.js";

/** What a follower of the inbox wants to hear. */
export interface InboxHandlers {
  /**
   * All conversations as they are now: first of all, after each loss of the connection, and after a reset.
   * `reset` names the topics whose events are not known in full: read those again. Events that stand in
   * these conversations already may come after it, so apply a message by its number, not by counting.
   */
  onInbox(inbox: Inbox): void;
  /** An event of any of the user's topics; durable ones once, and in the order of their topic. */
  onEvent(event: AnyEvent): void;
  /** The server refuses, a guest for example. */
  onError?(error: HubbubError): void;
}

/**
 * All of a user's conversations by one command (rule CHT-6). The server follows the topics for the
 * session, also those joined later; this keeps their positions and resumes them.
 */
export class InboxFollower {
  #topics: Topics;
  #calls: Calls;
  #world: Environment;
  #backoff: BackoffOptions;
  #handlers = new Set<InboxHandlers>();
  #online = false;
  #session = 0;
  #asking = false;
  #askAgain = false;
  #attempts = 0;
  /** Events of topics that nothing is known of yet, until the reply tells their positions. */
  #early: EventFrame[] = [];

  constructor(topics: Topics, calls: Calls, world: Environment, backoff: BackoffOptions) {
    this.#topics = topics;
    this.#calls = calls;
    this.#world = world;
    this.#backoff = backoff;
  }

  /** Follow the inbox. Returns a function that ends this. */
  follow(handlers: InboxHandlers): () => void {
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

  /** Another user's inbox has nothing to do with this one's. */
  forget(): void {
    for (const topic of this.#topics.byInbox) this.#topics.inboxLeft(topic);
  }

  /** Read the conversations again. */
  refresh(): void {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    const session = this.#session;
    const since: Record<string, Position> = {};
    for (const { name, position } of this.#topics.byInbox) if (position) since[name] = position;
    this.#asking = true;
    this.#calls.request({ type: "inbox.subscribe", data: { since } }).then(
      (ok) => this.#answered(ok as unknown as Inbox, since),
      (error: HubbubError) => {
        if (session === this.#session) this.#refused(error, session);
      },
    );
  }

  /** Take in an event. Returns whether it is the inbox's to deal with. */
  receive(event: EventFrame): boolean {
    if (this.#handlers.size === 0 || !this.#online || this.#topics.knows(event.topic)) return false;
    if (this.#asking) {
      this.#early.push(event);
    } else {
      // The server follows a conversation that was joined just now.
      this.#topics.topic(event.topic).byInbox = true;
      this.#topics.receive(event);
    }
    return true;
  }

  /** Pass an event on that has been found new and in order. */
  pass(event: EventFrame): void {
    if (!this.#topics.knows(event.topic) || !this.#topics.topic(event.topic).byInbox) return;
    if (event.type === "chat.conversation_added") {
      // The server follows it for this session from just that position.
      const { conversation, position } = event.data as ConversationAdded;
      const topic = this.#topics.topic(conversation.topic);
      topic.byInbox = true;
      topic.located(position);
    }
    for (const { onEvent } of [...this.#handlers]) guarded(() => onEvent(event as AnyEvent));
  }

  #answered(inbox: Inbox, since: Record<string, Position>): void {
    const again = this.#askAgain;
    this.#attempts = 0;
    for (const topic of this.#topics.byInbox) {
      if (!(topic.name in inbox.positions)) this.#topics.inboxLeft(topic);
    }
    for (const [name, position] of Object.entries(inbox.positions)) {
      const topic = this.#topics.topic(name);
      topic.byInbox = true;
      // A topic that resumes keeps its own position: what lies between the two comes as events.
      if (!(name in since)) topic.located(position);
    }
    for (const { onInbox } of [...this.#handlers]) guarded(() => onInbox(inbox));
    for (const name of inbox.reset) {
      const position = inbox.positions[name];
      if (position) this.#topics.reset(this.#topics.topic(name), "inbox", position);
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
      for (const topic of this.#topics.byInbox) this.#topics.inboxLeft(topic);
      for (const { onError } of [...this.#handlers]) guarded(() => onError?.(error));
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
