import { signal } from "@preact/signals";
import { page } from "../page";

/** What the link of a mail is worth that led here; empty where none did. */
export const link = signal("");

/**
 * Read what a mail's link is worth out of the address, which forgets it: it stands in no history, and a fragment
 * is sent to nobody.
 */
export function startLinks(): void {
  const read = () => {
    const view = location.pathname.slice(page.root.length).replace(/\/$/, "");
    if ((view !== "reset" && view !== "verify") || location.hash.length < 2) return;
    link.value = location.hash.slice(1);
    history.replaceState(history.state, "", location.pathname + location.search);
  };
  addEventListener("hashchange", read); // A second mail, followed in the same tab.
  read();
}
