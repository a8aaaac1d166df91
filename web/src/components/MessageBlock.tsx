import "./MessageBlock.css";
import { useSignal } from "@preact/signals";
import type { Message } from "hubbub";
import { account } from "../state/account";
import type { OpenConversation } from "../state/conversation";
import { messageOf } from "../state/current";
import type { Block } from "../state/messages";
import { colourOf, nameOf } from "../state/people";
import { Avatar } from "./Avatar";
import { TimeAgo } from "./TimeAgo";

/** Consecutive messages of one author, with one name and time. */
export function MessageBlock({ block, conversation }: { block: Block; conversation: OpenConversation }) {
  const { sender, messages } = block;
  const name = nameOf(sender);
  return (
    <section class="message-block" aria-label={name}>
      <Avatar person={sender} letter={Array.from(name)[0] ?? "?"} />
      <div class="message-block-text">
        <h2 class="message-block-head">
          <span class={`person-${colourOf(sender)}`}>{name}</span>
          {messages[0] && <TimeAgo at={messages[0].timestamp} />}
        </h2>
        {messages.map((message) => (
          <MessageLine key={message.id} message={message} conversation={conversation} />
        ))}
      </div>
    </section>
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
      <p class="message-text" dir="auto">
        {message.content}
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
