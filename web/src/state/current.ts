import { computed, effect, signal, untracked } from "@preact/signals";
import { HubbubError, type Conversation } from "hubbub";
import * as api from "../api";
import { start } from "../page";
import { account } from "./account";
import { client, status } from "./connection";
import { OpenConversation, type Remembered } from "./conversation";
import { complete, conversations, outdated } from "./inbox";
import { pageAfter } from "./messages";
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
export const missing = computed(() => route.value.view === "conversation" && complete.value && shown.value === null);

/** The conversation that is open. */
export const open = signal<OpenConversation | null>(null);

/** Undefined while that isn't known, null for nobody. */
const who = computed(() => (account.value === undefined ? undefined : (account.value?.id ?? null)));
const wanted = computed(() => shown.value?.topic ?? null);

/** How many conversations are remembered as they were left. */
const REMEMBERED = 20;
/** What was known of conversations when they were left, or when the page was made. */
const remembered = new Map<string, Remembered>();

/** Open and close conversations as the address changes. */
export function startCurrent(): void {
  if (start?.history) remembered.set(start.history.topic, { page: start.history.page, position: start.history.position });
  if (start?.room?.name) rooms.value = new Map([[start.room.name, start.room]]);
  let before = who.value;
  effect(() => {
    // A room that was entered as a guest is entered anew as a user, who then has it in the list.
    const now = who.value;
    untracked(() => {
      if (before !== undefined && now !== before) forget();
      before = now;
    });
  });
  effect(() => {
    const topic = wanted.value;
    untracked(() => {
      if (open.value) leave(open.value);
      const found = shown.value;
      open.value = topic && found ? new OpenConversation(found, remembered.get(topic)) : null;
    });
  });
  effect(() => {
    if (!outdated.value) return;
    remembered.clear();
    untracked(() => open.value?.reload());
  });
  client.on("event", (event) => {
    const topic = event.type === "chat.message_hidden" ? `chat.${event.data.conversation_id}` : event.topic;
    const known = remembered.get(topic);
    if (known) known.page = pageAfter(known.page, event);
  });
  effect(() => {
    const current = route.value;
    if (current.view === "room" && status.value === "online") untracked(() => void enter(current.name));
  });
}

function leave(conversation: OpenConversation): void {
  remembered.delete(conversation.topic);
  const left = conversation.close();
  if (left) remembered.set(conversation.topic, left);
  for (const oldest of [...remembered.keys()].slice(0, -REMEMBERED)) remembered.delete(oldest);
}

function forget(): void {
  rooms.value = new Map();
  entered.clear();
  remembered.clear();
}

/** Rooms that the server let this person into; what the page brought was only looked at. */
const entered = new Set<string>();

async function enter(name: string): Promise<void> {
  roomError.value = null;
  if (entered.has(name)) return;
  try {
    const { conversation } = await client.command("chat.join_room", null, { name });
    entered.add(name);
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

/** Add people to a group by their user names. Rejects with an ApiError. */
export async function addPeople(conversation: Conversation, names: string[]): Promise<void> {
  await api.addParticipants(conversation.id, names);
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
