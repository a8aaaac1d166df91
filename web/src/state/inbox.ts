import { computed, signal } from "@preact/signals";
import type { AnyEvent } from "hubbub";
import { client } from "./connection";
import { applyEvent, type Conversations } from "./conversations";

/** The user's conversations; null until they are loaded. */
export const conversations = signal<Conversations | null>(null);

export const unreadTotal = computed(() =>
  (conversations.value ?? []).reduce((sum, { unread }) => sum + unread, 0),
);

let stop: (() => void) | null = null;

/** Follow the signed-in user's conversations. */
export function startInbox(): void {
  stop ??= client.followInbox({
    onInbox: (inbox) => (conversations.value = inbox.conversations),
    onEvent: apply,
  });
}

export function stopInbox(): void {
  stop?.();
  stop = null;
  conversations.value = null;
}

function apply(event: AnyEvent): void {
  const me = client.user?.id;
  if (conversations.value && me !== undefined) conversations.value = applyEvent(conversations.value, event, me);
}
