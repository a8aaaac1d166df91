import type { Message, Person } from "hubbub";

/** Consecutive messages of one author, shown with one name and time. */
export interface Block {
  readonly sender: Person;
  readonly messages: readonly Message[];
  /** The chunk before ends with the same block: name and time stand there. */
  readonly continued: boolean;
  /** It begins with the first message that was unread, and the divider stands above it. */
  readonly divided: boolean;
}

/** A stretch of the log that is drawn, and passed over, as one: a long log is many of them that don't change. */
export interface Chunk {
  readonly key: number;
  readonly messages: readonly Message[];
  readonly blocks: readonly Block[];
  /** The number of the first message that was unread, where it is one of these. */
  readonly divided: number | null;
}

/** Messages in a chunk at most. */
export const CHUNK = 50;

const BLOCK_MS = 5 * 60 * 1000;

/**
 * The messages in chunks, by their numbers, so that a message stays in its chunk whatever comes before or
 * after it. Chunks of `before` that are still true are kept as they are. `divided` is the number of the first
 * message that was unread.
 */
export function chunksOf(
  list: readonly Message[],
  before: readonly Chunk[] = [],
  divided: number | null = null,
): readonly Chunk[] {
  const known = new Map(before.map((chunk) => [chunk.key, chunk]));
  const chunks: Chunk[] = [];
  let start = 0;
  while (start < list.length) {
    const key = keyOf(list[start]!);
    let end = start + 1;
    while (end < list.length && keyOf(list[end]!) === key) end += 1;
    const messages = list.slice(start, end);
    const previous = list[start - 1];
    const old = known.get(key);
    const within = messages.some(({ number }) => number === divided) ? divided : null;
    chunks.push(old && isStill(old, messages, previous, within) ? old : chunkOf(key, messages, previous, within));
    start = end;
  }
  return chunks;
}

/**
 * The blocks of messages that follow `previous`: a new one begins with another author, after five minutes, and
 * with the first message that was unread.
 */
export function blocksOf(list: readonly Message[], previous?: Message, divided: number | null = null): Block[] {
  const blocks: { sender: Person; messages: Message[]; continued: boolean; divided: boolean }[] = [];
  for (const message of list) {
    const block = blocks.at(-1);
    const last = block?.messages.at(-1) ?? previous;
    const isUnread = message.number === divided;
    const same = !isUnread && last !== undefined && belongsTo(message, last);
    if (block && same) block.messages.push(message);
    else blocks.push({ sender: message.sender, messages: [message], continued: same, divided: isUnread });
  }
  return blocks;
}

function chunkOf(key: number, messages: readonly Message[], previous?: Message, divided: number | null = null): Chunk {
  return { key, messages, blocks: blocksOf(messages, previous, divided), divided };
}

function isStill(chunk: Chunk, messages: readonly Message[], previous: Message | undefined, divided: number | null): boolean {
  const first = messages[0];
  const continued = previous !== undefined && first !== undefined && belongsTo(first, previous);
  return (
    chunk.divided === divided &&
    chunk.messages.length === messages.length &&
    chunk.messages.every((message, index) => message === messages[index]) &&
    chunk.blocks[0]?.continued === (continued && first.number !== divided)
  );
}

function belongsTo(message: Message, last: Message): boolean {
  // Guests have one id in common, but not one name.
  const same = last.sender.id === message.sender.id && last.sender.username === message.sender.username;
  return same && Date.parse(message.timestamp) - Date.parse(last.timestamp) < BLOCK_MS;
}

function keyOf({ number }: Message): number {
  return Math.floor(number / CHUNK);
}
