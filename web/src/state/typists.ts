import type { Person, Typing } from "hubbub";

/** Who is typing, and until when that is believed (milliseconds since 1970). */
export type Typists = ReadonlyMap<Person["id"], { person: Person; until: number }>;

/** The word that somebody has stopped may be lost; nobody types this long without sending. */
export const BELIEVED_MS = 60_000;

export function withTyping(typists: Typists, { user, is_typing }: Typing, now: number): Typists {
  const next = new Map(typists);
  if (is_typing) next.set(user.id, { person: user, until: now + BELIEVED_MS });
  else next.delete(user.id);
  return next;
}

/** Who has sent a message has stopped typing it. */
export function withoutTypist(typists: Typists, id: Person["id"]): Typists {
  if (!typists.has(id)) return typists;
  const next = new Map(typists);
  next.delete(id);
  return next;
}

export function stillTyping(typists: Typists, now: number): Typists {
  return new Map([...typists].filter(([, { until }]) => until > now));
}

/** "Ada is typing", or the empty text. */
export function typingLine(names: readonly string[]): string {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return `${names[0]} and ${names.length - 1} others are typing`;
}
