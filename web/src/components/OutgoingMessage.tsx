import "./OutgoingMessage.css";
import type { QueuedCommand } from "hubbub";
import { status } from "../state/connection";
import type { OpenConversation } from "../state/conversation";

/** A message on its way, or one that could not be sent: why, and what can be done. */
export function OutgoingMessage(props: { command: QueuedCommand; conversation: OpenConversation }) {
  const { command, conversation } = props;
  const failed = command.state === "failed";
  return (
    <div class={`outgoing ${failed ? "has-failed" : ""}`}>
      <p class="message-text" dir="auto">
        {String(command.data["content"] ?? "")}
      </p>
      {failed ? (
        <p class="outgoing-note" role="alert">
          Couldn't send. {command.error?.message}
          <button class="link-button" onClick={() => conversation.retry(command)}>
            Retry
          </button>
          <button class="link-button" onClick={() => conversation.discard(command)}>
            Discard
          </button>
        </p>
      ) : (
        <p class="outgoing-note">{status.value === "online" ? "Sending" : "Waits for the connection"}</p>
      )}
    </div>
  );
}
