import type { EventFrame, ResetReason } from "./frames.js";
import type { Position } from "./generated.js";
import type { Subscription } from "./subscription.js";

/**
 * What is known of one topic: how far its events have come, and who wants them. It drops what came
 * already and notices what is missing; it sends nothing itself.
 */
export class Topic {
  readonly name: string;
  readonly subscriptions = new Set<Subscription>();
  /** Everything up to here has come. An empty epoch is one that isn't known yet. */
  position: Position | null = null;
  /** The feed by which the server sends this topic's events, without a subscription of its own. */
  feed: object | null = null;
  /** The server has been asked, and has agreed, to send the events of the present session. */
  subscribed = false;
  /** A `subscribe` is under way, or will be repeated soon. */
  asking = false;
  /** How often it was refused for the moment. */
  attempts = 0;
  /** Events held while what comes before them is on its way; null when nothing is missing. */
  #held: EventFrame[] | null = null;
  #pass: (event: EventFrame) => void;

  constructor(name: string, pass: (event: EventFrame) => void) {
    this.name = name;
    this.#pass = pass;
  }

  /** Whether the topic's events come, in the present session. */
  get followed(): boolean {
    return this.subscribed || this.feed !== null;
  }

  /** Whether events are known to be missing; what comes after them is held. */
  get missing(): boolean {
    return this.#held !== null;
  }

  /** Let a subscriber go on from `since`; what others have had since then can't be had again. */
  begin(subscription: Subscription, since: Position): void {
    const known = (this.position ??= since);
    if (known.epoch && known.epoch !== since.epoch) subscription.restart("epoch", known, false);
    else if (known.offset > since.offset) subscription.restart("too_far", known, false);
    else subscription.start(since);
  }

  /** Take in an event. Returns false when one before it is missing: it is held, and `resumed` continues. */
  receive(event: EventFrame): boolean {
    const { offset } = event;
    if (offset !== undefined) {
      if (this.position && offset <= this.position.offset) return true;
      if (this.#held) {
        this.#held.push(event);
        return true;
      }
      if (this.position && offset > this.position.offset + 1) {
        this.#held = [event];
        return false;
      }
      this.position = { epoch: this.position?.epoch ?? "", offset };
    }
    this.#pass(event);
    for (const subscription of [...this.subscriptions]) {
      subscription.receive(event, this.position?.epoch ?? "");
    }
    return true;
  }

  /** Hold durable events until `resumed`: older ones are missing, or on their way. */
  hold(): void {
    this.#held ??= [];
  }

  /** What was missing has come: everything up to `position` is in `events`. */
  resumed(events: EventFrame[], position: Position): void {
    const held = this.#held ?? [];
    this.#held = null;
    // Without its own gaps checked: the server vouches for the reply as a whole.
    for (const event of events) {
      if (this.position && event.offset !== undefined && event.offset > this.position.offset + 1) {
        this.position = { ...this.position, offset: event.offset - 1 };
      }
      this.receive(event);
    }
    this.#advance(position);
    for (const event of held) this.receive(event);
  }

  /** What was missing won't come. Subscribers that want a snapshot wait for it; the others go on. */
  reset(reason: ResetReason, position: Position): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.position = position;
    for (const subscription of [...this.subscriptions]) {
      subscription.restart(reason, position, subscription.handlers.snapshot === true);
    }
    for (const event of held) this.receive(event);
  }

  /**
   * The server sends everything after `position` from now on. Events may have come before it said so;
   * or be missing, when what was known before ends earlier.
   */
  located(position: Position): void {
    const known = this.position;
    if (known?.epoch === position.epoch && known.offset < position.offset) this.hold();
    else if (!known?.epoch) this.#advance(position);
  }

  /** The session is over. */
  lost(): void {
    this.#held = null;
    this.subscribed = this.asking = false;
    for (const subscription of this.subscriptions) subscription.forgetHeld();
  }

  #advance(position: Position): void {
    const offset = Math.max(this.position?.offset ?? 0, position.offset);
    this.position = { epoch: position.epoch, offset };
  }
}
