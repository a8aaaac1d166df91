import "./MessageBlock.css";
import { useSignal } from "@preact/signals";
import type { Message } from "hubbub";
import { account } from "../state/account";
import type { OpenConversation } from "../state/conversation";
import { messageOf } from "../state/current";
import type { Block } from "../state/chunks";
import { textOf } from "../state/messages";
import { colourOf, nameOf } from "../state/people";
import { Avatar } from "./Avatar";
import { TimeAgo } from "./TimeAgo";

interface MessageBlockProps {
  block: Block;
  conversation: OpenConversation;
}

/** Consecutive messages of one author, with one name and time; above it the divider where what was unread begins. */
export function MessageBlock({ block, conversation }: MessageBlockProps) {
  const { sender, messages, continued, divided } = block;
  const name = nameOf(sender);
  const mine = sender.id === account.value?.id;
  return (
    <>
      {divided && <UnreadDivider />}
      <section class={`message-block ${continued ? "is-continued" : ""} ${mine ? "is-mine" : ""}`} aria-label={name}>
        {!continued && <Avatar person={sender} letter={Array.from(name)[0] ?? "?"} />}
        <div class="message-block-text">
          {!continued && (
            <h2 class="message-block-head">
              <bdi class={`person-${colourOf(sender)}`}>{name}</bdi>
              {messages[0] && <TimeAgo at={messages[0].timestamp} />}
            </h2>
          )}
          {messages.map((message) => (
            <MessageLine key={message.id} message={message} conversation={conversation} />
          ))}
        </div>
      </section>
    </>
  );
}

function UnreadDivider() {
  return (
    <p class="unread-divider" role="separator">
      <span>New</span>
    </p>
  );
}

function MessageLine({ message, conversation }: { message: Message; conversation: OpenConversation }) {
  const sure = useSignal(false);
  const problem = useSignal<string | null>(null);
  const remove = async () => {
    sure.value = false;
    try {
      await conversation.hide(message.id);
    } catch (error) {
      problem.value = `Couldn't delete. ${messageOf(error)}`;
    }
  };
  return (
    <div class="message-line" data-number={message.number} tabIndex={-1}>
      <p class={`message-text ${message.deleted ? "message-deleted" : ""}`} dir="auto">
        {textOf(message)}
      </p>
      {account.value && (
        <button
          class="link-button message-delete"
          aria-label={sure.value ? undefined : "Delete this message for me"}
          onBlur={() => (sure.value = false)}
          onClick={() => (sure.value ? void remove() : (sure.value = true))}
        >
          {sure.value ? "Delete for you?" : "Delete"}
        </button>
      )}
      {problem.value && <span role="alert">{problem.value}</span>}
    </div>
  );
}
