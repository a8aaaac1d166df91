import "./ConversationList.css";
import type { Conversation } from "hubbub";
import { account, signOut } from "../state/account";
import { conversations } from "../state/inbox";
import { nameOf, titleOf } from "../state/people";
import { pathOf, route } from "../state/route";
import { shown } from "../state/current";
import { Avatar } from "./Avatar";
import { TimeAgo } from "./TimeAgo";

export function ConversationList() {
  const user = account.value;
  return (
    <nav class="conversation-list" aria-label="Conversations">
      <header class="list-header">
        <h1>Conversations</h1>
        <a class="button" href="/new" aria-current={route.value.view === "new" ? "page" : undefined}>
          New
        </a>
      </header>
      <List />
      {user && (
        <footer class="list-footer">
          <Avatar person={user} />
          <span class="list-who">{nameOf(user)}</span>
          <button class="link-button" onClick={() => void signOut()}>
            Sign out
          </button>
        </footer>
      )}
    </nav>
  );
}

function List() {
  const list = conversations.value;
  if (list === null) {
    return (
      <ul class="list-rows is-loading" aria-busy="true" aria-label="Loading conversations">
        {[0, 1, 2].map((row) => (
          <li key={row} class="skeleton-row" />
        ))}
      </ul>
    );
  }
  if (list.length === 0) {
    return (
      <div class="list-rows list-empty">
        <p>No conversations yet.</p>
        <p class="quiet">
          <a href="/new">Start one</a> with somebody by user name, or enter a room.
        </p>
      </div>
    );
  }
  return (
    <ul class="list-rows">
      {list.map((conversation) => (
        <Row key={conversation.id} conversation={conversation} />
      ))}
    </ul>
  );
}

function Row({ conversation }: { conversation: Conversation }) {
  const me = account.value?.id;
  const { last_message: last, unread } = conversation;
  const title = titleOf(conversation, me);
  const other = conversation.participants.find(({ id }) => id !== me);
  const face = conversation.kind === "direct" && other ? other : { id: -conversation.id, username: title };
  const current = shown.value?.id === conversation.id;
  return (
    <li>
      <a
        class={`list-row ${unread > 0 ? "has-unread" : ""}`}
        href={pathOf({ view: "conversation", id: conversation.id })}
        aria-current={current ? "page" : undefined}
      >
        <Avatar person={face} letter={conversation.kind === "room" ? "#" : (Array.from(title)[0] ?? "?")} />
        <span class="list-text">
          <span class="list-title">{title}</span>
          {last && <TimeAgo at={last.timestamp} />}
          <span class="list-preview">
            {last && (last.sender.id === me ? "You: " : conversation.kind === "direct" ? "" : `${nameOf(last.sender)}: `)}
            {last?.content}
          </span>
          {unread > 0 && (
            <span class="list-unread">
              {unread}
              <span class="visually-hidden"> unread</span>
            </span>
          )}
        </span>
      </a>
    </li>
  );
}
