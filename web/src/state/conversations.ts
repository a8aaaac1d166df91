import type { AnyEvent, Conversation, Message, Person } from "hubbub";

/** All conversations of the user, the most recently active first. */
export type Conversations = readonly Conversation[];

/** The conversations after an event. Applying an event that they contain already changes nothing. */
export function applyEvent(list: Conversations, event: AnyEvent, me: Person["id"]): Conversations {
  switch (event.type) {
    case "chat.message_sent":
      return messageSent(list, event.topic, event.data.message, me);
    case "chat.conversation_added":
      return [event.data.conversation, ...without(list, event.data.conversation.id)];
    case "chat.conversation_removed":
      return without(list, event.data.conversation_id);
    case "chat.conversation_read":
      return changed(list, event.data.conversation_id, (found) => ({ ...found, unread: event.data.unread }));
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

/** The conversations with another last message of one; null where nothing is left to show. */
export function withLastMessage(list: Conversations, topic: string, message: Message | null): Conversations {
  return changedTopic(list, topic, (found) => ({ ...found, last_message: message }));
}

function messageSent(list: Conversations, topic: string, message: Message, me: Person["id"]): Conversations {
  const found = list.find((conversation) => conversation.topic === topic);
  if (!found || message.number <= (found.last_message?.number ?? 0)) return list;
  // Who writes has read what stands above.
  const unread = message.sender.id === me ? 0 : found.unread + 1;
  return [{ ...found, last_message: message, unread }, ...without(list, found.id)];
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
