import { computed, effect, signal, untracked } from "@preact/signals";
import { HubbubError, type Conversation } from "hubbub";
import { account } from "./account";
import { client, status } from "./connection";
import { OpenConversation } from "./conversation";
import { conversations } from "./inbox";
import { route, show } from "./route";

/** Rooms that were entered, by name: a guest has no list to find them in. */
const rooms = signal<ReadonlyMap<string, Conversation>>(new Map());

/** Why the room of the address can't be entered. */
export const roomError = signal<string | null>(null);

/** The conversation of the address, as far as it is known. */
export const shown = computed<Conversation | null>(() => {
  const current = route.value;
  if (current.view === "conversation") return conversations.value?.find(({ id }) => id === current.id) ?? null;
  if (current.view !== "room") return null;
  const room = rooms.value.get(current.name);
  return conversations.value?.find(({ id }) => id === room?.id) ?? room ?? null;
});

/** Whether the address names a conversation that the user has not, or no more. */
export const missing = computed(
  () => route.value.view === "conversation" && conversations.value !== null && shown.value === null,
);

/** The conversation that is open. */
export const open = signal<OpenConversation | null>(null);

const who = computed(() => account.value?.id);
const wanted = computed(() => shown.value?.topic ?? null);

/** Open and close conversations as the address changes. */
export function startCurrent(): void {
  effect(() => {
    const topic = wanted.value;
    untracked(() => {
      open.value?.close();
      open.value = topic && shown.value ? new OpenConversation(topic, shown.value.id) : null;
    });
  });
  effect(() => {
    // A room that was entered as a guest is entered anew as a user, who then has it in the list.
    void who.value;
    untracked(() => (rooms.value = new Map()));
  });
  effect(() => {
    const current = route.value;
    if (current.view === "room" && status.value === "online") untracked(() => void enter(current.name));
  });
}

async function enter(name: string): Promise<void> {
  roomError.value = null;
  if (rooms.value.has(name)) return;
  try {
    const { conversation } = await client.command("chat.join_room", null, { name });
    rooms.value = new Map(rooms.value).set(name, conversation);
  } catch (error) {
    if (!(error instanceof HubbubError && error.temporary)) roomError.value = messageOf(error);
  }
}

/** Start a conversation, and show it. Rejects with a HubbubError. */
export async function startConversation(participants: string[], title: string): Promise<void> {
  const { conversation } = await client.command("chat.create", null, { participants, title });
  show({ view: "conversation", id: conversation.id });
}

/** Leave a conversation for good. Rejects with a HubbubError. */
export async function leaveConversation(conversation: Conversation): Promise<void> {
  await client.command("chat.leave", conversation.topic, {});
  show({ view: "list" }, true);
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
