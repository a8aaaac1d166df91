import "./ConnectionBar.css";
import { account, unreachable } from "../state/account";
import { client, status, unkept, waitingCount, wasOnline } from "../state/connection";

/** What is wrong with the connection, and what it means; nothing while all is well. */
export function ConnectionBar() {
  const text = barText();
  if (!text) return <div role="status" />;
  const mayRetry = status.value === "offline" || status.value === "restarting";
  return (
    <div role="status">
      <div class={`connection-bar ${status.value === "connecting" ? "is-brief" : ""}`}>
        <span>{text}</span>
        {mayRetry && (
          <button class="link-button" onClick={() => client.retryNow()}>
            Try now
          </button>
        )}
        {(status.value === "not_allowed" || status.value === "closed") && (
          <button class="link-button" onClick={() => client.connect()}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

function barText(): string {
  if (unreachable.value) return "Couldn't reach the server. Trying again.";
  const waits = waitingText(waitingCount.value, unkept.value);
  switch (status.value) {
    case "connecting":
      return wasOnline.value ? `Reconnecting. ${waits}` : "Connecting.";
    case "offline":
      return `Offline. ${waits}`;
    case "restarting":
      return `The server is restarting. ${waits}`;
    case "not_allowed":
      return "You may not connect here.";
    case "closed":
      // Signed out it is meant to be so.
      return wasOnline.value && account.value ? `Not connected. ${waits}` : "";
    default:
      return "";
  }
}

function waitingText(count: number, unkept: boolean): string {
  if (count === 0) return "";
  const waits = count === 1 ? "1 message waits." : `${count} messages wait.`;
  return unkept ? `${waits} A reload would lose what waits.` : waits;
}
