import type { Client } from "hubbub";

/** What comes within it is told together; the server waits longer before it pushes. */
const PAUSE_MS = 1_000;

/** Tell the server what a page in front of somebody shows, as it comes: it is then pushed to none of one's devices. */
export function tellShown(client: Pick<Client, "onEvent" | "command">, inFront = () => document.hasFocus()): () => void {
  let latest = 0;
  let told = 0;
  let pausing = false;
  const tell = () => {
    pausing = latest > told;
    if (!pausing) return;
    told = latest;
    setTimeout(tell, PAUSE_MS);
    // Where that fails it is pushed as well, which is no harm.
    client.command("notifications.shown", null, { number: told }).catch(() => {});
  };
  return client.onEvent("notifications.notified", ({ data }) => {
    if (!inFront()) return;
    latest = Math.max(latest, data.notification.number);
    if (!pausing) tell();
  });
}
