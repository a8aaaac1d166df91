import type { Conversation, Person, Presence } from "hubbub";
import { shortTime } from "./clock";

const COLOURS = 8;

/** A person's name as it is shown: the full name, or else the user name. */
export function nameOf(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim() || person.username;
}

/** Which of the palette's colours is a person's: the same everywhere, and for ever. */
export function colourOf({ id, username }: Pick<Person, "id" | "username">): number {
  const text = id === 0 ? username : String(id);
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % COLOURS;
}

/** What a conversation is called: its title, its room, or who else takes part. */
export function titleOf(conversation: Conversation, me: Person["id"] | undefined): string {
  if (conversation.title) return conversation.title;
  if (conversation.name) return conversation.name;
  const others = conversation.participants.filter(({ id }) => id !== me).map(nameOf);
  return others.join(", ") || "Just you";
}

/** The conversations whose title or people have all of these words in their names. */
export function withWords(
  list: readonly Conversation[],
  words: string,
  me: Person["id"] | undefined,
): readonly Conversation[] {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return list;
  return list.filter((conversation) => {
    const people = conversation.participants.flatMap((person) => [nameOf(person), person.username]);
    const text = [titleOf(conversation, me), ...people].join("\n").toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** "online", "away", "last seen 5 min ago"; the empty text where nothing is known. */
export function stateText(presence: Presence | undefined, current: number, locale?: string): string {
  if (!presence) return "";
  if (presence.state !== "offline") return presence.state;
  return presence.last_seen ? `last seen ${shortTime(Date.parse(presence.last_seen), current, locale)}` : "";
}
