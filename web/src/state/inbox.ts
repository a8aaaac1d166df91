import { computed, signal } from "@preact/signals";
import type { AnyEvent } from "hubbub";
import { start } from "../page";
import { client } from "./connection";
import { applyEvent, type Conversations } from "./conversations";

/** The user's conversations; null until they are loaded. */
export const conversations = signal<Conversations | null>(null);

/**
 * Whether something of the user's own happened between the server's reading and the first answer: a message
 * that was deleted on another device for example. What the page brought may show it still.
 */
export const outdated = signal(false);

/** Whether these are all: the page itself brings the latest ones only. */
export const complete = signal(false);

export const unreadTotal = computed(() =>
  (conversations.value ?? []).reduce((sum, { unread }) => sum + unread, 0),
);

let stop: (() => void) | null = null;
let first = start?.conversations ?? null;

/** Follow the signed-in user's conversations. */
export function startInbox(): void {
  conversations.value = first;
  stop ??= client.followInbox({
    onInbox: (inbox) => {
      if (!complete.value && start?.position) {
        const { epoch, offset } = start.position;
        const own = inbox.positions[`user.${start.account?.id}`];
        outdated.value = own?.epoch !== epoch || own.offset !== offset;
      }
      complete.value = true;
      conversations.value = inbox.conversations;
    },
    onEvent: apply,
  });
}

export function stopInbox(): void {
  stop?.();
  // What the page brought was the one's who has gone.
  stop = first = null;
  complete.value = false;
  conversations.value = null;
}

function apply(event: AnyEvent): void {
  const me = client.user?.id;
  if (conversations.value && me !== undefined) conversations.value = applyEvent(conversations.value, event, me);
}
