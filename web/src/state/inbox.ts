import { computed, signal } from "@preact/signals";
import type { AnyEvent } from "hubbub";
import { client } from "./connection";
import { applyEvent, withLastMessage, type Conversations } from "./conversations";

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
  const list = conversations.value;
  const me = client.user?.id;
  if (!list || me === undefined) return;
  conversations.value = applyEvent(list, event, me);
  if (event.type !== "chat.message_hidden") return;
  const { conversation_id, message_id } = event.data;
  const found = list.find(({ id }) => id === conversation_id);
  if (found?.last_message?.id === message_id) void readLastMessage(found.topic);
}

/** The last message was deleted: which one is it now? */
async function readLastMessage(topic: string): Promise<void> {
  try {
    const { messages } = await client.command("chat.history", topic, { limit: 1 });
    conversations.value = withLastMessage(conversations.value ?? [], topic, messages.at(-1) ?? null);
  } catch {
    // The connection is gone: the next one brings the whole list.
  }
}
