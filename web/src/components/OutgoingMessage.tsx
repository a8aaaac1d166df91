import "./OutgoingMessage.css";
import type { QueuedCommand } from "hubbub";
import { status } from "../state/connection";
import type { OpenConversation } from "../state/conversation";
import { outgoingNote } from "../state/outgoing";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const TICK_MS = 250;

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
        <WaitingNote command={command} />
      )}
    </div>
  );
}

/** Where the server has asked to wait, the seconds are counted down. */
function WaitingNote({ command }: { command: QueuedCommand }) {
  const current = useSignal(Date.now());
  const until = command.held?.until;
  useEffect(() => {
    if (until === undefined) return;
    current.value = Date.now();
    const timer = setInterval(() => (current.value = Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [until]);
  return <p class="outgoing-note">{outgoingNote(command, status.value === "online", current.value)}</p>;
}
