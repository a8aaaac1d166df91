import { guarded } from "./emitter.js";
import type { HubbubError } from "./errors.js";
import type { AnyEvent, EventFrame, ResetReason } from "./frames.js";
import type { Position } from "./generated.js";

/** What a subscriber wants to hear of its topic. */
export interface SubscriptionHandlers {
  /** An event. Durable ones come once and in order, whatever happens to the connection. */
  onEvent(event: AnyEvent): void;
  /**
   * What happened is no longer known in full: drop what you know of the topic and read it again. Events
   * after `position` go on coming. With `snapshot` the new one follows by itself.
   */
  onReset(reset: { reason: ResetReason; position: Position }): void;
  /** Ask for the topic's snapshot; it comes before any event, and again after every reset. */
  snapshot?: boolean;
  /**
   * Where the topic stood when what you show was made, as the page or the response says: the events after it come.
   * Not together with `snapshot`.
   */
  since?: Position;
  /** The topic's state, as it was at exactly `position`. */
  onSnapshot?(snapshot: unknown, position: Position): void;
  /** Every event after `position` comes from now on: the moment to read what you don't get by a snapshot. */
  onLive?(position: Position): void;
  /** No more events: the server ended them, or refused the subscription with `error`. */
  onEnd?(end: { reason: string; error: HubbubError | null }): void;
}

/** One subscriber's share in a topic; several share one subscription at the server. */
export class Subscription {
  readonly topic: string;
  /** @internal */
  readonly handlers: SubscriptionHandlers;
  /** @internal Whether events are passed on yet; before that they are held. */
  live = false;
  #position: Position | null = null;
  #held: EventFrame[] = [];
  #over = false;
  #leave: (subscription: Subscription) => void;

  /** @internal */
  constructor(topic: string, handlers: SubscriptionHandlers, leave: (subscription: Subscription) => void) {
    this.topic = topic;
    this.handlers = handlers;
    this.#leave = leave;
  }

  /** Everything up to here has been passed on; null before the first answer of the server. */
  get position(): Position | null {
    return this.#position;
  }

  /** Get no more events. */
  unsubscribe(): void {
    this.#over = true;
    this.#held = [];
    this.#leave(this);
  }

  /** @internal The state at `position` is known: what was held and comes after it follows. */
  start(position: Position, snapshot?: unknown): void {
    this.#position = position;
    this.live = true;
    const held = this.#held;
    this.#held = [];
    if (snapshot !== undefined) guarded(() => this.handlers.onSnapshot?.(snapshot, position));
    guarded(() => this.handlers.onLive?.(position));
    for (const event of held) this.receive(event, position.epoch);
  }

  /** @internal The state is unknown again. With `waits` nothing is passed on until the next start. */
  restart(reason: ResetReason, position: Position, waits: boolean): void {
    this.#position = position;
    this.#held = [];
    this.live = !waits;
    guarded(() => this.handlers.onReset({ reason, position }));
  }

  /** @internal What was held will come again with the next session. */
  forgetHeld(): void {
    this.#held = [];
  }

  /** @internal */
  receive(event: EventFrame, epoch: string): void {
    // Another handler, or this one's, has just unsubscribed it.
    if (this.#over) return;
    if (!this.live) {
      if (event.offset !== undefined) this.#held.push(event);
      return;
    }
    if (event.offset !== undefined) {
      if (this.#position && event.offset <= this.#position.offset) return;
      this.#position = { epoch, offset: event.offset };
    }
    guarded(() => this.handlers.onEvent(event as AnyEvent));
  }
}
