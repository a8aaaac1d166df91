import type { AnyEvent, Conversation, Message, Person } from "hubbub";
import { withoutContent } from "./messages";

/** All conversations of the user, the most recently active first. */
export type Conversations = readonly Conversation[];

/**
 * The conversations after an event. Applying an event that they contain already changes nothing, and
 * events of different topics may come in any order.
 */
export function applyEvent(list: Conversations, event: AnyEvent, me: Person["id"]): Conversations {
  switch (event.type) {
    case "chat.message_sent":
      return messageSent(list, event.topic, event.data.message, me);
    case "chat.message_hidden":
      return changed(list, event.data.conversation_id, (found) =>
        found.last_message?.id === event.data.message_id ? { ...found, last_message: event.data.last_message } : found,
      );
    case "chat.message_deleted":
      return changedTopic(list, event.topic, (found) => ({
        ...found,
        last_message: found.last_message && withoutContent(found.last_message, event.data.message_id),
      }));
    case "chat.conversation_renamed":
      return changedTopic(list, event.topic, (found) => ({ ...found, title: event.data.title }));
    case "chat.conversation_added": {
      const { conversation } = event.data;
      return list.some(({ id }) => id === conversation.id) ? list : [conversation, ...list];
    }
    case "chat.conversation_removed":
      return without(list, event.data.conversation_id);
    case "chat.conversation_read":
      return changed(list, event.data.conversation_id, (found) => readUpTo(found, event.data.number));
    case "chat.participants_added":
      return changedTopic(list, event.topic, (found) => ({
        ...found,
        participants: [...found.participants, ...missing(event.data.participants, found.participants)],
      }));
    case "chat.participant_removed":
      return changedTopic(list, event.topic, (found) => ({
        ...found,
        participants: found.participants.filter(({ id }) => id !== event.data.user_id),
      }));
    default:
      return list;
  }
}

function messageSent(list: Conversations, topic: string, message: Message, me: Person["id"]): Conversations {
  const found = list.find((conversation) => conversation.topic === topic);
  if (!found || message.number <= found.top_number) return list;
  const { number, timestamp } = message;
  const changes = { last_message: message, top_number: number, active_at: timestamp };
  // Who writes has read what stands above.
  const read = message.sender.id === me ? number : found.read_number;
  return [readUpTo({ ...found, ...changes }, read), ...without(list, found.id)];
}

/** The read cursor never goes back. */
function readUpTo(conversation: Conversation, number: number): Conversation {
  const read_number = Math.max(conversation.read_number, number);
  return { ...conversation, read_number, unread: Math.max(0, conversation.top_number - read_number) };
}

function without(list: Conversations, id: number): Conversations {
  return list.filter((conversation) => conversation.id !== id);
}

function changed(list: Conversations, id: number, change: (found: Conversation) => Conversation): Conversations {
  return list.map((conversation) => (conversation.id === id ? change(conversation) : conversation));
}

function changedTopic(list: Conversations, topic: string, change: (found: Conversation) => Conversation): Conversations {
  return list.map((conversation) => (conversation.topic === topic ? change(conversation) : conversation));
}

function missing(people: Person[], from: Person[]): Person[] {
  return people.filter(({ id }) => !from.some((person) => person.id === id));
}
