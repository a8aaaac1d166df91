import "./MessageLog.css";
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { OpenConversation } from "../state/conversation";
import { blocksOf } from "../state/messages";
import { MessageBlock } from "./MessageBlock";
import { OutgoingMessage } from "./OutgoingMessage";

/** Nearer to the end than this, one is taken to read along. */
const NEAR_END_PX = 80;

/** The messages, with what one has written and isn't sent yet. */
export function MessageLog({ conversation }: { conversation: OpenConversation }) {
  const { list, more } = conversation.messages.value;
  const outgoing = conversation.outgoing.value;
  const box = useRef<HTMLDivElement>(null);
  const before = useRef({ first: 0, last: 0, sent: 0, height: 0, atEnd: true });
  const unseen = useSignal(0);

  const first = list[0]?.number ?? 0;
  const last = list.at(-1)?.number ?? 0;
  useLayoutEffect(() => {
    const log = box.current;
    if (!log) return;
    const was = before.current;
    if (was.atEnd || outgoing.length > was.sent) {
      log.scrollTop = log.scrollHeight;
    } else if (first < was.first) {
      // Earlier messages came in above: what one reads stays where it is.
      log.scrollTop += log.scrollHeight - was.height;
    } else if (last > was.last) {
      unseen.value += list.filter(({ number }) => number > was.last).length;
    }
    before.current = { first, last, sent: outgoing.length, height: log.scrollHeight, atEnd: isAtEnd(log) };
  }, [first, last, list.length, outgoing.length]);

  useEffect(() => {
    const log = box.current;
    if (!log) return;
    // The log shrinks when the bar shows or the composer grows; who reads along goes on reading along.
    const observer = new ResizeObserver(() => {
      if (before.current.atEnd) log.scrollTop = log.scrollHeight;
    });
    observer.observe(log);
    return () => observer.disconnect();
  }, []);

  const toEnd = () => {
    const log = box.current;
    if (log) log.scrollTop = log.scrollHeight;
  };
  const state = conversation.loading.value;
  return (
    <div class="message-log-place">
      <div
        ref={box}
        class="message-log"
        role="log"
        aria-label="Messages"
        aria-busy={state === "loading"}
        tabIndex={0}
        onScroll={(event) => {
          const log = event.currentTarget;
          before.current.height = log.scrollHeight;
          before.current.atEnd = isAtEnd(log);
          if (before.current.atEnd) unseen.value = 0;
        }}
      >
        <div class="message-log-inner">
          {more && (
            <button
              class="button earlier"
              disabled={conversation.earlier.value === "loading"}
              onClick={() => void conversation.loadEarlier()}
            >
              Earlier messages
            </button>
          )}
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
          {blocksOf(list).map((block) => (
            <MessageBlock key={block.messages[0]?.id} block={block} conversation={conversation} />
          ))}
          {outgoing.map((command) => (
            <OutgoingMessage key={command.key} command={command} conversation={conversation} />
          ))}
        </div>
      </div>
      {unseen.value > 0 && (
        <button class="button new-chip" onClick={toEnd}>
          {unseen.value} new
        </button>
      )}
    </div>
  );
}

function isAtEnd(log: HTMLElement): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
}
