import type { AnyEvent, HistoryPage, Message, MessageSent } from "hubbub";

/** What is known of a conversation's messages: a stretch without gaps up to the newest. */
export interface Messages {
  /** By number, oldest first. */
  readonly list: readonly Message[];
  /** Whether there are earlier ones. */
  readonly more: boolean;
  /** The `client_id`s that have arrived, so that none of them still shows as being sent. */
  readonly arrived: ReadonlySet<string>;
  /** Messages that the user deleted, so that a page that was read before doesn't bring them back. */
  readonly hidden: ReadonlySet<number>;
  /** Messages that were deleted for everybody, so that such a page doesn't say what was in them. */
  readonly deleted: ReadonlySet<number>;
}

export const NO_MESSAGES: Messages = { list: [], more: false, arrived: new Set(), hidden: new Set(), deleted: new Set() };

/** The messages with a page of history, the latest or an earlier one. */
export function withPage(messages: Messages, page: HistoryPage): Messages {
  const first = messages.list[0]?.number ?? Infinity;
  // A page that begins after what is known says nothing about what was before that.
  const reachesBack = (page.messages[0]?.number ?? 0) <= first;
  return { ...added(messages, page.messages), more: reachesBack ? page.more : messages.more };
}

/**
 * The messages with the latest page, read again after some may have been missed: where it doesn't reach back
 * to what was known, that is dropped, for there are no gaps.
 */
export function withLatest(messages: Messages, page: HistoryPage): Messages {
  const first = page.messages[0]?.number ?? 0;
  const known = messages.list.filter(({ number }) => number < first).at(-1)?.number;
  if (!page.more || known === undefined || known >= first - 1) return withPage(messages, page);
  return withPage({ ...messages, list: messages.list.filter(({ number }) => number >= first) }, page);
}

/** The messages after `chat.message_sent`; one that is there already changes nothing. */
export function withSent(messages: Messages, { message, client_id }: MessageSent): Messages {
  const arrived = client_id ? new Set([...messages.arrived, client_id]) : messages.arrived;
  return { ...added(messages, [message]), arrived };
}

/** The messages without one that the user deleted. */
export function withoutHidden(messages: Messages, id: number): Messages {
  const list = messages.list.filter((message) => message.id !== id);
  return { ...messages, list, hidden: new Set([...messages.hidden, id]) };
}

/** The messages after one was deleted for everybody: its place stays. */
export function withDeleted(messages: Messages, id: number): Messages {
  const list = messages.list.map((message) => withoutContent(message, id));
  return { ...messages, list, deleted: new Set([...messages.deleted, id]) };
}

/** The message, emptied if it is the one of that id. */
export function withoutContent(message: Message, id: number): Message {
  return message.id === id ? { ...message, content: "", deleted: true } : message;
}

/** A page that was read before an event of its conversation, as it would be read after it; new messages apart. */
export function pageAfter(page: HistoryPage, event: AnyEvent): HistoryPage {
  if (event.type === "chat.message_hidden") {
    return { ...page, messages: page.messages.filter(({ id }) => id !== event.data.message_id) };
  }
  if (event.type !== "chat.message_deleted") return page;
  return { ...page, messages: page.messages.map((message) => withoutContent(message, event.data.message_id)) };
}

/** What stands where a message is shown. */
export function textOf(message: Message): string {
  return message.deleted ? "Message deleted" : message.content;
}

function added(messages: Messages, some: readonly Message[]): Messages {
  const fresh = some
    .filter(({ id }) => !messages.hidden.has(id))
    .map((message) => (messages.deleted.has(message.id) ? withoutContent(message, message.id) : message));
  const first = messages.list[0]?.number ?? Infinity;
  const last = messages.list.at(-1)?.number ?? -Infinity;
  // Nearly always they come all after, or all before: a long list is not sorted over and over.
  if (fresh.every(({ number }, index) => number > (fresh[index - 1]?.number ?? last))) {
    return { ...messages, list: [...messages.list, ...fresh] };
  }
  if (fresh.every(({ number }, index) => number < (fresh[index + 1]?.number ?? first))) {
    return { ...messages, list: [...fresh, ...messages.list] };
  }
  const byNumber = new Map(messages.list.map((message) => [message.number, message]));
  for (const message of fresh) byNumber.set(message.number, message);
  return { ...messages, list: [...byNumber.values()].sort((a, b) => a.number - b.number) };
}
