import "./Composer.css";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { OpenConversation } from "../state/conversation";
import { draftOf, keepDraft } from "../state/drafts";
import { ownsPage } from "../state/route";
import { Icon } from "./Icon";

const MAX_LENGTH = 5000;

/** Where one writes: Enter sends, Shift+Enter begins a new line. */
export function Composer({ conversation }: { conversation: OpenConversation }) {
  const text = useSignal(draftOf(conversation.topic));
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // Within somebody else's page one may be writing elsewhere; and on a phone the keyboard would cover what one has
    // come to read.
    if (ownsPage() && matchMedia("(hover: hover)").matches) field.current?.focus();
  }, [conversation]);

  const content = text.value.trim();
  const over = Array.from(content).length - MAX_LENGTH;
  const send = () => {
    if (!content || over > 0) return;
    conversation.send(content);
    text.value = "";
    keepDraft(conversation.topic, "");
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        class="composer-text"
        rows={1}
        value={text.value}
        aria-label="Message"
        placeholder="Write a message"
        onInput={(event) => {
          text.value = event.currentTarget.value;
          keepDraft(conversation.topic, text.value);
          conversation.setTyping(text.value.trim() !== "");
        }}
        onKeyDown={(event) => {
          // While a word is being composed, Enter takes the suggestion.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <button class="button primary composer-send" type="submit" aria-label="Send" disabled={!content || over > 0}>
        <Icon name="send" />
      </button>
      {over > 0 && (
        <p class="composer-over" role="alert">
          {over === 1 ? "1 character" : `${over} characters`} too long
        </p>
      )}
    </form>
  );
}
