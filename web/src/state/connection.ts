import { page } from "../page";
import { computed, signal } from "@preact/signals";
import { Client, IndexedDbStore, type QueuedCommand, type Status } from "hubbub";

/** The page's one connection to the server. */
export const client = new Client({ url: page.socket, store: new IndexedDbStore() });

export const status = signal<Status>(client.status);
export const queue = signal<readonly QueuedCommand[]>(client.queue);
/** Whether this page has been online at all: until then it is loading, not cut off. */
export const wasOnline = signal(false);

/** Whether what waits would be lost with the page: the browser keeps nothing for it. */
export const unkept = signal(false);

/** How many commands go out when the connection is back. */
export const waitingCount = computed(() => queue.value.filter(({ state }) => state !== "failed").length);

client.on("status", (next) => {
  status.value = next;
  if (next === "online") wasOnline.value = true;
});
client.on("queue", (commands) => (queue.value = commands));
client.on("storage", (trouble) => (unkept.value = trouble !== null));
