import { computed, signal } from "@preact/signals";
import { Client, HubbubError, type FrameSeen, type ListSessions, type Measured, type SessionPage, type Status, type Totals } from "hubbub";
import { page } from "../page";

/** How long a process counts as being there after its last word. */
const STALE = 4_000;
/** How many seconds a line shows. */
const HISTORY = 60;
/** How many frames of a trace are kept. */
const FRAMES = 100;

export const client = new Client({ url: page.socket });
export const status = signal<Status>(client.status);
/** Why there is nothing to see; null while there is. */
export const refused = signal<string | null>(null);

/** What each process has said last. */
const measured = signal<ReadonlyMap<string, { at: number; data: Measured }>>(new Map());
export const processes = computed(() => [...measured.value.values()].map(({ data }) => data).sort((a, b) => a.process.localeCompare(b.process)));

/** All processes together; null before the first word. */
export const totals = computed<Totals | null>(() => {
  const all = processes.value.map((each) => each.totals);
  return all.length ? all.reduce(sum) : null;
});
/** The totals of the last minute, a second each. */
export const history = signal<readonly Totals[]>([]);

export const slow = computed(() => processes.value.flatMap((each) => each.slow).sort((a, b) => b.waiting - a.waiting));
export const topics = computed(() => {
  const found = new Map<string, { topic: string; subscribers: number; events: number }>();
  for (const each of processes.value.flatMap((one) => one.topics)) {
    const known = found.get(each.topic);
    // An event is the same one in every process.
    if (known) found.set(each.topic, { ...known, subscribers: known.subscribers + each.subscribers, events: Math.max(known.events, each.events) });
    else found.set(each.topic, each);
  }
  return [...found.values()].sort((a, b) => b.events - a.events || b.subscribers - a.subscribers).slice(0, 20);
});

/** Which sessions are listed. */
export const query = signal<Required<ListSessions>>({ search: "", sort: "waiting", skip: 0, limit: 25 });
export const sessions = signal<SessionPage | null>(null);
/** What the last thing that was asked for has come to, where it failed. */
export const problem = signal<string | null>(null);

export type Seen = FrameSeen & { process: string; number: number };
/** Whose frames are followed. */
export const traced = signal<{ actor: string; name: string } | null>(null);
export const frames = signal<readonly Seen[]>([]);
/** Seconds until the trace ends by itself; null when its time is over. */
export const traceLeft = signal<number | null>(null);
export const framesMissed = signal(0);
let endTrace: (() => void) | null = null;
let count = 0;

export function start(): void {
  client.on("status", (next) => (status.value = next));
  client.subscribe("inspect.live", {
    onEvent: (event) => {
      if (event.type === "inspect.measured") take(event.data);
    },
    onReset: () => undefined,
    onEnd: ({ error }) => (refused.value = error?.message ?? "You may not look here any more."),
  });
  client.connect();
}

function take(data: Measured): void {
  const at = Date.now();
  const kept = [...measured.value].filter(([, each]) => at - each.at < STALE);
  measured.value = new Map([...kept, [data.process, { at, data }]]);
  // One point a second, however many processes there are.
  const first = processes.value[0];
  if (first?.process === data.process && totals.value) history.value = [...history.value, totals.value].slice(-HISTORY);
  if (sessions.value === null || sessions.value.process === data.process) void loadSessions();
}

export async function loadSessions(): Promise<void> {
  const wanted = query.value;
  try {
    const found = await client.command("inspect.sessions", null, wanted);
    if (query.value === wanted) sessions.value = found;
  } catch (error) {
    // The next second asks again.
    if (!(error instanceof HubbubError) || !error.temporary) say(error);
  }
}

export function show(change: Partial<ListSessions>): void {
  query.value = { ...query.value, skip: 0, ...change };
  void loadSessions();
}

export async function closeSession(session: string): Promise<void> {
  problem.value = null;
  try {
    await client.command("inspect.close", null, { session });
  } catch (error) {
    say(error);
  }
}

export function trace(actor: string, name: string): void {
  stopTrace();
  traced.value = { actor, name };
  frames.value = [];
  framesMissed.value = 0;
  const subscription = client.subscribe(`inspect.${actor}`, {
    onEvent: (event) => {
      if (event.type === "inspect.frames_seen") {
        const { process, missed, left } = event.data;
        const seen = event.data.frames.map((frame) => ({ ...frame, process, number: ++count }));
        if (seen.length) frames.value = [...frames.value, ...seen].slice(-FRAMES);
        framesMissed.value += missed;
        traceLeft.value = left;
      } else if (event.type === "inspect.trace_ended") traceLeft.value = null;
    },
    onReset: () => undefined,
    onEnd: ({ error }) => {
      traced.value = null;
      if (error) say(error);
    },
  });
  endTrace = () => subscription.unsubscribe();
}

export function stopTrace(): void {
  endTrace?.();
  endTrace = null;
  traced.value = null;
}

function say(error: unknown): void {
  problem.value = error instanceof Error ? error.message : String(error);
}

function sum(a: Totals, b: Totals): Totals {
  return {
    sessions: a.sessions + b.sessions,
    topics: a.topics + b.topics,
    subscriptions: a.subscriptions + b.subscriptions,
    waiting: a.waiting + b.waiting,
    slow: a.slow + b.slow,
    received: a.received + b.received,
    events: Math.max(a.events, b.events),
    deliveries: a.deliveries + b.deliveries,
    lag: Math.max(a.lag, b.lag),
  };
}
