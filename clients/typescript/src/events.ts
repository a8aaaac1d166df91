import type { AnyEvent } from "./frames.js";
import type { Events } from "./generated.js";

type Feature<Type> = Type extends `${infer Name}.${string}` ? Name : never;

/** Which events: those of a type (`chat.message_sent`), all of a feature (`chat.*`), or all (`*`). */
export type EventPattern = keyof Events | `${Feature<keyof Events>}.*` | "*";

/** The events that a pattern stands for. Where they are several, comparing `type` narrows `data`. */
export type EventOf<Pattern extends EventPattern> = Pattern extends "*"
  ? AnyEvent
  : Pattern extends `${infer Name}.*`
    ? Extract<AnyEvent, { type: `${Name}.${string}` }>
    : Extract<AnyEvent, { type: Pattern }>;

/** Of which topics. */
export interface EventFilter {
  /** Of this topic alone. */
  topic?: string;
  /** Of topics of this kind, the part of the name before its first dot (rule TOP-1): `chat`, `user`. */
  kind?: string;
}

/** Whether an event is one of those that are asked for. */
export function matches({ type, topic }: AnyEvent, pattern: EventPattern, filter: EventFilter): boolean {
  const prefix = pattern.endsWith("*") ? pattern.slice(0, -1) : null;
  return (
    (prefix === null ? type === pattern : type.startsWith(prefix)) &&
    (filter.topic === undefined || topic === filter.topic) &&
    (filter.kind === undefined || topic.split(".", 1)[0] === filter.kind)
  );
}
