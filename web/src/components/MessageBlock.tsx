import "./MessageBlock.css";
import { useSignal } from "@preact/signals";
import { Fragment } from "preact";
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
  /** The number of the first message that was unread, before which the divider stands. */
  divided: number | null;
}

/** Consecutive messages of one author, with one name and time. */
export function MessageBlock({ block, conversation, divided }: MessageBlockProps) {
  const { sender, messages, continued } = block;
  const name = nameOf(sender);
  const mine = sender.id === account.value?.id;
  return (
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
          <Fragment key={message.id}>
            {message.number === divided && <UnreadDivider />}
            <MessageLine message={message} conversation={conversation} />
          </Fragment>
        ))}
      </div>
    </section>
  );
}

export function UnreadDivider() {
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
          aria-label={sure.value ? "Delete this message for you?" : "Delete this message for me"}
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
