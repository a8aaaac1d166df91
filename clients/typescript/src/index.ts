/** The client of hubbub, the real-time layer for Django. The protocol's rules are in `docs/SPEC.md`. */
export { type BackoffOptions, fullJitter } from "./backoff.js";
export { Client, type ClientEvents } from "./client.js";
export type { TokenSource } from "./credentials.js";
export { Emitter } from "./emitter.js";
export { browserEnvironment, uniqueId, type Environment, type Socket, type WebSocketClass } from "./environment.js";
export { HubbubError, type ClientErrorCode, type ErrorBody } from "./errors.js";
export type { EventFilter, EventOf, EventPattern } from "./events.js";
export type { AnyEvent, EventFrame, Ready, ResetReason } from "./frames.js";
export type * from "./generated.js";
export type { InboxHandlers } from "./inbox.js";
export { IndexedDbStore, type IndexedDbStoreOptions } from "./indexeddb-store.js";
export type { ClientOptions, CommandOptions } from "./options.js";
export type { People, Presences, UserId } from "./presence.js";
export type { Held, QueuedCommand } from "./queue.js";
export type { Status } from "./status.js";
export { MemoryStore, type QueueStore, type StorageTrouble, type StoredCommand, type StoreHandlers } from "./store.js";
export type { Subscription, SubscriptionHandlers } from "./subscription.js";
