import type { HubbubError } from "./errors.js";
import type { AnyEvent, Ready, ResetReason } from "./frames.js";
import type { Position } from "./generated.js";
import type { QueuedCommand } from "./queue.js";
import type { Status } from "./status.js";
import type { StorageTrouble, StoredCommand } from "./store.js";

/** What a client tells: each event's name, and what its listeners get. */
export interface ClientEvents {
  /** The connection's state has changed. */
  status: Status;
  /** A session began; who the server takes this client for stands in `user`. */
  ready: Ready;
  /** An event of any topic that is followed: durable ones once, and in the order of their topic. */
  event: AnyEvent;
  /** What was known of a topic is void: read it again. Its subscribers are told, too. */
  reset: { topic: string; reason: ResetReason; position: Position };
  /** The outgoing queue has changed. */
  queue: readonly QueuedCommand[];
  /** The reply to a command that was queued by an earlier page, whose promise is gone with it. */
  replied: { command: StoredCommand; reply: unknown };
  /** Queued commands live in memory only, and a reload would lose them; null when they are kept again. */
  storage: StorageTrouble | null;
  /** An error that belongs to no command of this client. */
  error: HubbubError;
}
