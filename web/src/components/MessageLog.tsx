import "./MessageLog.css";
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { account } from "../state/account";
import { chunksOf, type Chunk } from "../state/chunks";
import type { OpenConversation, Place } from "../state/conversation";
import { announces } from "../state/preferences";
import { Icon } from "./Icon";
import { isAtEnd, placeOf, toEnd, toPlace } from "./logPlace";
import { MessageChunk } from "./MessageChunk";
import { OutgoingMessage } from "./OutgoingMessage";
import { Skeleton } from "./Skeleton";

/** What comes before is asked for while one has still this many windows of it to read. */
const WINDOWS_AHEAD = 2;
/** How far below the upper edge what one jumps to stands. */
const MARGIN_PX = 48;

/** The messages, with what one has written and isn't sent yet. */
export function MessageLog({ conversation }: { conversation: OpenConversation }) {
  const { list, more } = conversation.messages.value;
  const outgoing = conversation.outgoing.value;
  const state = conversation.loading.value;
  const divided = conversation.unreadFrom.value;
  const box = useRef<HTMLDivElement>(null);
  const chunks = useRef<readonly Chunk[]>([]);
  const unseen = useSignal(0);
  const unreadAbove = useSignal(false);
  const { follow, scrolled, goTo } = useFollowing(box, conversation, unseen, unreadAbove);

  chunks.current = chunksOf(list, chunks.current, divided);
  useLayoutEffect(follow, [list, outgoing.length]);
  return (
    <div class="message-log-place">
      {unreadAbove.value && divided !== null && <UnreadJump conversation={conversation} goTo={goTo} />}
      <div
        ref={box}
        class="message-log"
        role="log"
        aria-label="Messages"
        aria-live={announces.value ? "polite" : "off"}
        aria-busy={state === "loading"}
        tabIndex={0}
        onScroll={scrolled}
      >
        <div class="message-log-inner">
          {more && <Earlier conversation={conversation} />}
          {state === "loading" && list.length === 0 && <Skeleton label="Loading the messages" />}
          {state === "failed" && (
            <p class="problem">
              Couldn't load the messages.
              <button class="link-button" onClick={() => void conversation.load()}>
                Try again
              </button>
            </p>
          )}
          {state === "ready" && list.length === 0 && outgoing.length === 0 && (
            <p class="quiet log-empty">Nothing has been written here yet.</p>
          )}
          {chunks.current.map((chunk) => (
            <MessageChunk key={chunk.key} chunk={chunk} conversation={conversation} />
          ))}
          {outgoing.map((command) => (
            <OutgoingMessage key={command.key} command={command} conversation={conversation} />
          ))}
          {outgoing.length === 0 && list.at(-1)?.sender.id === account.value?.id && list.length > 0 && <Sent />}
        </div>
      </div>
      {unseen.value > 0 && (
        <button class="button chip new-chip" onClick={() => box.current && toEnd(box.current)}>
          <Icon name="down" />
          {unseen.value} new
        </button>
      )}
    </div>
  );
}

/** Keeps the end in sight for who reads along, and everybody else's place. */
function useFollowing(
  box: { current: HTMLDivElement | null },
  conversation: OpenConversation,
  unseen: { value: number },
  unreadAbove: { value: boolean },
) {
  const { list } = conversation.messages.value;
  const sent = conversation.outgoing.value.length;
  const before = useRef({ last: 0, sent: 0, shown: false, atEnd: true });
  const reached = useRef(false);
  // Before the log changes: what stands at its upper edge is to stand there afterwards, too.
  const kept: Place | null = before.current.shown && !before.current.atEnd && box.current ? placeOf(box.current) : null;

  const follow = () => {
    const log = box.current;
    if (!log) return;
    const was = before.current;
    const last = list.at(-1)?.number ?? 0;
    if (!was.shown && list.length > 0) begin(log, conversation);
    else if (was.atEnd || sent > was.sent) toEnd(log);
    else if (kept) toPlace(log, kept);
    if (was.shown && !isAtEnd(log) && last > was.last) {
      unseen.value += list.filter(({ number }) => number > was.last).length;
    }
    before.current = { last, sent, shown: list.length > 0, atEnd: isAtEnd(log) };
    look(log);
  };
  // Whether what is unread begins further up than has been seen.
  const look = (log: HTMLElement) => {
    const from = conversation.unreadFrom.value;
    const { list: known, more } = conversation.messages.value;
    const divider = log.querySelector(".unread-divider");
    const above = divider && divider.getBoundingClientRect().bottom < log.getBoundingClientRect().top;
    if (divider && !above) reached.current = true;
    unreadAbove.value = from !== null && !reached.current && (above ?? (more && (known[0]?.number ?? 0) > from));
  };

  useEffect(() => {
    const log = box.current;
    if (!log) return;
    // The log shrinks when the bar shows or the composer grows; who reads along goes on reading along.
    const observer = new ResizeObserver(() => {
      if (before.current.atEnd) toEnd(log);
    });
    observer.observe(log);
    if (log.firstElementChild) observer.observe(log.firstElementChild);
    return () => observer.disconnect();
  }, []);

  const scrolled = () => {
    const log = box.current;
    if (!log) return;
    before.current.atEnd = isAtEnd(log);
    if (before.current.atEnd) unseen.value = 0;
    conversation.place = placeOf(log);
    look(log);
    if (log.scrollTop < WINDOWS_AHEAD * log.clientHeight && conversation.earlier.value === "idle") {
      void conversation.loadEarlier();
    }
  };

  const goTo = (place: Place) => {
    const log = box.current;
    if (!log || !toPlace(log, place)) return;
    // The scroll event comes a frame later, and what follows the end comes before it.
    before.current.atEnd = isAtEnd(log);
    requestAnimationFrame(() => toPlace(log, place));
  };
  return { follow, scrolled, goTo };
}

/** The first sight of a log: where one left it, or where the unread messages begin, or its end. */
function begin(log: HTMLElement, conversation: OpenConversation): void {
  if (conversation.place && toPlace(log, conversation.place)) return;
  toEnd(log);
  const divider = log.querySelector(".unread-divider");
  if (divider) log.scrollTop += Math.min(0, divider.getBoundingClientRect().top - log.getBoundingClientRect().top - MARGIN_PX);
}

/** Leads to where the unread messages begin, while that is further up. */
function UnreadJump({ conversation, goTo }: { conversation: OpenConversation; goTo: (place: Place) => void }) {
  const jump = async () => {
    const number = conversation.unreadFrom.value;
    await conversation.loadUnread();
    if (number !== null) requestAnimationFrame(() => goTo({ number, below: MARGIN_PX }));
  };
  return (
    <button class="button chip jump-chip" onClick={() => void jump()}>
      <Icon name="up" />
      To the first unread
    </button>
  );
}

/** What comes before is on its way, or couldn't be read. */
function Earlier({ conversation }: { conversation: OpenConversation }) {
  return (
    <div class="earlier">
      {conversation.earlier.value === "failed" ? (
        <>
          Couldn't load what came before.
          <button class="link-button" onClick={() => void conversation.loadEarlier()}>
            Try again
          </button>
        </>
      ) : (
        <button class="link-button" onClick={() => void conversation.loadEarlier()}>
          {conversation.earlier.value === "loading" ? "Loading earlier messages" : "Earlier messages"}
        </button>
      )}
    </div>
  );
}

/** The last message is one's own, and the server has it. */
function Sent() {
  return (
    <p class="sent-note quiet">
      <Icon name="sent" />
      Sent
    </p>
  );
}
