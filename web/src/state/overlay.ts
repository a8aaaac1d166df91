import { signal } from "@preact/signals";

/** What lies over the page for a moment; it has no address of its own. */
export const overlay = signal<"palette" | "help" | null>(null);
