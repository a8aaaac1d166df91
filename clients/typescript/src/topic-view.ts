import type { Client } from "./client.js";
import type { HubbubError } from "./errors.js";
import type { AnyEvent } from "./frames.js";
import type { Position } from "./generated.js";
import type { Subscription } from "./subscription.js";

/** How a topic's state comes about. All of it pure: a state is never changed, but followed by another. */
export interface TopicReducer<State> {
  /** The state before anything is known. */
  initial: State;
  /** The state that a snapshot stands for. Where it is left out none is asked for, and the state begins as `initial`. */
  onSnapshot?(snapshot: unknown): State;
  /** The state after an event. */
  onEvent(state: State, event: AnyEvent): State;
}

/** A topic as a component sees it. */
export interface TopicState<State> {
  state: State;
  /** Where the state began: everything after it comes as events. Null before that is known, and changed by a reset. */
  since: Position | null;
  /** Why there are no more events: the server ended them, or refused them with `error`. */
  ended: { reason: string; error: HubbubError | null } | null;
}

/** A topic's state as a store outside of any component; it is followed as long as somebody listens. */
export class TopicView<State> {
  reducer: TopicReducer<State>;
  #client: Client;
  #topic: string | null;
  #now: TopicState<State>;
  #listeners = new Set<() => void>();
  #subscription: Subscription | null = null;

  constructor(client: Client, topic: string | null, reducer: TopicReducer<State>) {
    this.#client = client;
    this.#topic = topic;
    this.reducer = reducer;
    this.#now = this.#begin();
  }

  get = (): TopicState<State> => this.#now;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  };

  #begin(since: Position | null = null): TopicState<State> {
    return { state: this.reducer.initial, since, ended: null };
  }

  #start(): void {
    if (this.#topic === null) return;
    // What happened since it was last followed is not known.
    if (this.#now.since || this.#now.ended) this.#now = this.#begin();
    const { onSnapshot } = this.reducer;
    const change = (change: Partial<TopicState<State>>) => {
      this.#now = { ...this.#now, ...change };
      for (const listener of [...this.#listeners]) listener();
    };
    this.#subscription = this.#client.subscribe(this.#topic, {
      snapshot: onSnapshot !== undefined,
      onSnapshot: (snapshot, since) => change({ state: this.reducer.onSnapshot!(snapshot), since }),
      onLive: (since) => {
        if (!onSnapshot) change({ since });
      },
      onReset: ({ position }) => change(this.#begin(onSnapshot ? null : position)),
      onEvent: (event) => change({ state: this.reducer.onEvent(this.#now.state, event) }),
      onEnd: (ended) => change({ ended }),
    });
  }

  #stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
  }
}
