import type { Client } from "./client.js";
import type { HubbubError } from "./errors.js";
import type { EventFilter, EventOf, EventPattern } from "./events.js";
import type { Commands } from "./generated.js";
import type { CommandOptions } from "./options.js";
import type { People, UserId } from "./presence.js";
import type { QueuedCommand } from "./queue.js";
import type { Status } from "./status.js";
import { TopicView, type TopicReducer, type TopicState } from "./topic-view.js";

/** What the hooks need of React or of Preact. */
export interface HookLibrary {
  /** The client of the nearest provider; null without one. */
  useNearestClient(): Client | null;
  useEffect(effect: () => (() => void) | void, inputs?: readonly unknown[]): void;
  useMemo<T>(make: () => T, inputs: readonly unknown[]): T;
  useRef<T>(initial: T): { current: T };
  useState<T>(initial: T): [T, (change: (now: T) => T) => void];
  useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, get: () => T, getOnServer: () => T): T;
}

/** A command that a component gives. */
export interface CommandHook<K extends keyof Commands> {
  /** Give it. The promise may be ignored: what it rejects with is `error`, too. */
  send(data: Commands[K]["data"]): Promise<Commands[K]["reply"]>;
  /** Whether a reply is awaited. */
  pending: boolean;
  /** Why the last one failed; null when it was done, or is under way. */
  error: HubbubError | null;
}

const NOTHING: readonly QueuedCommand[] = [];
const NOBODY: People = new Map();

/** The hooks, for a library that has hooks like React's. */
export function createHooks(library: HookLibrary) {
  const { useNearestClient, useEffect, useMemo, useRef, useState, useSyncExternalStore } = library;

  /** The client of the nearest `HubbubProvider`. Throws where there is none. */
  function useClient(): Client {
    const client = useNearestClient();
    if (!client) throw new Error("There is no <HubbubProvider client={client}> around this component.");
    return client;
  }

  /** How the client stands to the server; `closed` while rendering on a server. */
  function useStatus(): Status {
    const client = useClient();
    const subscribe = useMemo(() => (changed: () => void) => client.on("status", changed), [client]);
    return useSyncExternalStore(subscribe, () => client.status, () => "closed" as const);
  }

  /** The commands that wait, are being sent, or failed and were kept. */
  function useQueue(): readonly QueuedCommand[] {
    const client = useClient();
    const subscribe = useMemo(() => (changed: () => void) => client.on("queue", changed), [client]);
    return useSyncExternalStore(subscribe, () => client.queue, () => NOTHING);
  }

  /** Call `listener` for events, as `Client.onEvent` does; with `filter.topic` that topic is followed, too. */
  function useEvents<P extends EventPattern>(
    pattern: P,
    listener: (event: EventOf<P>) => void,
    { topic, kind }: EventFilter = {},
  ): void {
    const client = useClient();
    const latest = useRef(listener);
    useEffect(() => void (latest.current = listener));
    useEffect(() => {
      const filter = { ...(topic === undefined ? {} : { topic }), ...(kind === undefined ? {} : { kind }) };
      const end = client.onEvent(pattern, (event) => latest.current(event), filter);
      const subscription =
        topic === undefined ? null : client.subscribe(topic, { onEvent: () => {}, onReset: () => {} });
      return () => (end(), subscription?.unsubscribe());
    }, [client, pattern, topic, kind]);
  }

  /**
   * A topic's state, made of its snapshot and its events. It begins anew when the topic changes, after a
   * reset, and when the component is mounted again. With null nothing is followed.
   */
  function useTopic<State>(topic: string | null, reducer: TopicReducer<State>): TopicState<State> {
    const client = useClient();
    const view = useMemo(() => new TopicView(client, topic, reducer), [client, topic]);
    useEffect(() => void (view.reducer = reducer));
    return useSyncExternalStore(view.subscribe, view.get, view.get);
  }

  /** Give a command, and see how it goes. `options` are those of `Client.command`. */
  function useCommand<K extends keyof Commands>(
    type: K,
    topic: Commands[K]["topic"],
    options: CommandOptions = {},
  ): CommandHook<K> {
    const client = useClient();
    const [{ pending, error }, change] = useState({ pending: 0, error: null as HubbubError | null });
    const latest = useRef(options);
    useEffect(() => void (latest.current = options));
    const send = useMemo(
      () => (data: Commands[K]["data"]) => {
        change((now) => ({ pending: now.pending + 1, error: null }));
        const reply = client.command(type, topic, data, latest.current);
        reply.then(
          () => change((now) => ({ ...now, pending: now.pending - 1 })),
          (error: HubbubError) => change((now) => ({ pending: now.pending - 1, error })),
        );
        return reply;
      },
      [client, type, topic],
    );
    return { send, pending: pending > 0, error };
  }

  /** How users are: a map by their ids, without those whom one may not see. */
  function usePresence(users: readonly UserId[]): People {
    const client = useClient();
    const wanted = JSON.stringify(users);
    const subscribe = useMemo(() => (changed: () => void) => client.presence.watch(users, changed), [client, wanted]);
    return useSyncExternalStore(subscribe, () => client.presence.people, () => NOBODY);
  }

  /** Keep the client connected as long as the component is mounted. */
  function useConnection(client: Client): void {
    useEffect(() => hold(client), [client]);
  }

  return { useClient, useStatus, useQueue, useEvents, useTopic, useCommand, usePresence, useConnection };
}

const holders = new WeakMap<Client, number>();

/** Connect, until the last holder lets go. Letting go and holding again at once, as strict mode does, changes nothing. */
function hold(client: Client): () => void {
  const count = (change: number) => {
    const now = (holders.get(client) ?? 0) + change;
    holders.set(client, now);
    return now;
  };
  if (count(1) === 1) client.connect();
  return () => {
    count(-1);
    setTimeout(() => holders.get(client) === 0 && client.close());
  };
}
