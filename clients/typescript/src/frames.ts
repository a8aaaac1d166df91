import type { ErrorBody } from "./errors.js";
import type { Events, Person, Position } from "./generated.js";

/** The data of the first frame of a session (rule ENV-6). */
export interface Ready {
  /** The session's id, for logs. */
  session: string;
  /** Who the server takes this client for; null for a guest. */
  user: Person | null;
  /** Seconds between the server's pings. */
  heartbeat: number;
  limits: { frame_bytes: number; subscriptions: number };
  /** The server's time, ISO 8601. */
  time: string;
}

/** A command as it is sent. */
export interface CommandFrame {
  id?: number;
  type: string;
  topic?: string;
  since?: Position;
  data?: object;
}

/** The one answer to a command with an `id` (rule ENV-3). */
export interface ReplyFrame {
  id: number;
  type: "reply";
  ok?: Record<string, unknown>;
  error?: ErrorBody;
}

/** An event of any type, as it came. `offset` is missing where the event is ephemeral (rule EVT-1). */
export interface EventFrame<Type extends string = string, Data = unknown> {
  type: Type;
  topic: string;
  offset?: number;
  data: Data;
  /** When it happened, ISO 8601. */
  at?: string;
}

/** Any event that the server knows: comparing `type` narrows `data`. */
export type AnyEvent = { [K in keyof Events]: EventFrame<K, Events[K]> }[keyof Events];

/** The reply to `subscribe` (rules SUB-1 and SUB-2). */
export interface Subscribed {
  position: Position;
  recovered: boolean;
  events: Omit<EventFrame, "topic">[];
  reset?: ResetReason;
  snapshot?: unknown;
}

/**
 * Why a topic has to be read again: `epoch` (the stream was restored), `too_old` (pruned) or
 * `too_far` (too many events since).
 */
export type ResetReason = "epoch" | "too_old" | "too_far" | (string & {});

/** Any frame of the server. */
export interface ServerFrame {
  id?: number;
  type: string;
  topic?: string;
  offset?: number;
  data?: unknown;
  ok?: Record<string, unknown>;
  error?: ErrorBody;
  at?: string;
}

/** Read a frame; null where it is none, which a client ignores as it ignores unknown fields. */
export function readFrame(raw: unknown): ServerFrame | null {
  if (typeof raw !== "string") return null;
  try {
    const frame: unknown = JSON.parse(raw);
    if (typeof frame === "object" && frame !== null && "type" in frame && typeof frame.type === "string") {
      return frame as ServerFrame;
    }
  } catch {
    // Falls through: not JSON is not a frame.
  }
  return null;
}
