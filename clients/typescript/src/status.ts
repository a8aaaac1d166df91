/**
 * How the client stands to the server:
 *
 * - `connecting`: on the way, for the first time or at once after a loss.
 * - `online`: the session is ready.
 * - `offline`: no connection; it is tried again and again.
 * - `restarting`: the server said that it restarts; it is tried again.
 * - `signed_out`: the server doesn't know who this is any more. Stays so until `connect()`.
 * - `not_allowed`: one may not connect here. Stays so until `connect()`.
 * - `closed`: not connected and not trying, before `connect()` and after `close()`.
 */
export type Status = "connecting" | "online" | "offline" | "restarting" | "signed_out" | "not_allowed" | "closed";
