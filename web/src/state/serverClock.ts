import { client } from "./connection";

let ahead = 0;

/** The time by the server's clock, in milliseconds since 1970: what counts down does so for all at once. */
export function serverNow(): number {
  return Date.now() + ahead;
}

client.on("ready", ({ time }) => (ahead = Date.parse(time) - Date.now()));
