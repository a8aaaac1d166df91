import type { QueuedCommand } from "hubbub";

/** What is said of a message on its way. `current` is the time, in milliseconds since 1970. */
export function outgoingNote(command: Pick<QueuedCommand, "state" | "held">, online: boolean, current: number): string {
  const { state, held } = command;
  if (!online) return "Waits for the connection";
  if (!held) return state === "sending" ? "Sending" : "Waits";
  const seconds = Math.max(1, Math.ceil((held.until - current) / 1000));
  const why = held.error.code === "rate_limited" ? "Too many at once." : "The server is busy.";
  return `${why} Sends in ${seconds} s`;
}
