import "./ConversationList.css";
import { useSignal } from "@preact/signals";
import type { Conversation } from "hubbub";
import { account } from "../state/account";
import { shown } from "../state/current";
import { conversations } from "../state/inbox";
import { SEARCH_ID } from "../state/keys";
import { textOf } from "../state/messages";
import { nameOf, titleOf, withWords } from "../state/people";
import { people } from "../state/presence";
import { pathOf, route } from "../state/route";
import { Avatar } from "./Avatar";
import { Icon } from "./Icon";
import { Skeleton } from "./Skeleton";
import { TimeAgo } from "./TimeAgo";
import { stepByArrows, toFirstLink } from "./arrows";
import { useKeptScroll } from "./keptScroll";

export function ConversationList() {
  const words = useSignal("");
  const list = conversations.value;
  const found = list && withWords(list, words.value, account.value?.id);
  return (
    <nav class="conversation-list" aria-label="Conversations">
      <header class="list-header">
        <h1>Conversations</h1>
        <a class="button" href={pathOf({ view: "new" })} aria-current={route.value.view === "new" ? "page" : undefined}>
          New
        </a>
      </header>
      {list !== null && list.length > 0 && (
        <label class="list-search">
          <Icon name="search" />
          <span class="visually-hidden">Search the conversations</span>
          <input
            id={SEARCH_ID}
            type="search"
            placeholder="Search"
            value={words.value}
            onInput={(event) => (words.value = event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") words.value = "";
              if (event.key === "ArrowDown") toFirstLink(event);
            }}
          />
        </label>
      )}
      {found ? <List list={found} words={words.value} /> : <Skeleton label="Loading conversations" rows={6} />}
    </nav>
  );
}

function List({ list, words }: { list: readonly Conversation[]; words: string }) {
  const box = useKeptScroll<HTMLUListElement>("conversations");
  if (list.length > 0) {
    return (
      <ul class="list-rows" ref={box} onKeyDown={stepByArrows}>
        {list.map((conversation) => (
          <Row key={conversation.id} conversation={conversation} />
        ))}
      </ul>
    );
  }
  if (words) {
    return (
      <p class="list-empty quiet" role="status">
        No conversation is called “{words}”.
      </p>
    );
  }
  return (
    <div class="list-empty">
      <p>No conversations yet.</p>
      <p class="quiet">
        <a href={pathOf({ view: "new" })}>Start one</a> with somebody by user name, or{" "}
        <a href={pathOf({ view: "rooms" })}>enter a room</a>.
      </p>
    </div>
  );
}

function Row({ conversation }: { conversation: Conversation }) {
  const me = account.value?.id;
  const { last_message: last, unread } = conversation;
  const title = titleOf(conversation, me);
  const other = conversation.participants.find(({ id }) => id !== me);
  const face = conversation.kind === "direct" && other ? other : { id: -conversation.id, username: title };
  const state = conversation.kind === "direct" && other ? people.value.get(other.id)?.state : undefined;
  const current = shown.value?.id === conversation.id;
  return (
    <li>
      <a
        class={`list-row ${unread > 0 ? "has-unread" : ""}`}
        href={pathOf({ view: "conversation", id: conversation.id })}
        aria-current={current ? "page" : undefined}
      >
        <Avatar
          person={face}
          letter={conversation.kind === "room" ? "#" : (Array.from(title)[0] ?? "?")}
          square={conversation.kind !== "direct"}
          state={state}
        />
        <span class="list-text">
          <bdi class="list-title">{title}</bdi>
          {state && state !== "offline" && <span class="visually-hidden">{state}</span>}
          {last && <TimeAgo at={last.timestamp} />}
          <span class="list-preview">
            <bdi>
              {last && (last.sender.id === me ? "You: " : conversation.kind === "direct" ? "" : `${nameOf(last.sender)}: `)}
              {last ? textOf(last) : "Nothing written yet"}
            </bdi>
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
