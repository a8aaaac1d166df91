import "./ConversationPane.css";
import type { Conversation } from "hubbub";
import { account } from "../state/account";
import { missing, open, roomError, shown } from "../state/current";
import { now } from "../state/clock";
import type { OpenConversation } from "../state/conversation";
import { nameOf, stateText, titleOf } from "../state/people";
import { people } from "../state/presence";
import { goBack, pathOf, route, show, type Route } from "../state/route";
import { BackLink } from "./BackLink";
import { Composer } from "./Composer";
import { Icon } from "./Icon";
import { MessageLog } from "./MessageLog";
import { Note } from "./Note";
import { Skeleton } from "./Skeleton";
import { TypingLine } from "./TypingLine";

/** The conversation of the address. */
export function ConversationPane() {
  const conversation = shown.value;
  const current = open.value;
  if (roomError.value !== null) return <Gone title="Can't enter this room" text={roomError.value} />;
  if (missing.value || current?.loading.value === "gone") {
    return <Gone title="This conversation isn't here" text="It doesn't exist, or you take no part in it." />;
  }
  if (!conversation || !current) {
    return (
      <>
        <Header title={placeholderTitle()} />
        <Skeleton label="Loading the conversation" />
      </>
    );
  }
  return <Conversing key={conversation.id} conversation={conversation} current={current} />;
}

function Conversing({ conversation, current }: { conversation: Conversation; current: OpenConversation }) {
  return (
    <>
      <Header title={titleOf(conversation, account.value?.id)} conversation={conversation} />
      <MessageLog conversation={current} />
      <TypingLine typists={current.typists.value} />
      <Composer conversation={current} />
    </>
  );
}

function Header({ title, conversation }: { title: string; conversation?: Conversation }) {
  return (
    <header class="pane-header">
      {account.value && <BackLink />}
      <div class="pane-titles">
        <h1>
          <bdi>{title}</bdi>
        </h1>
        {conversation && <p class="pane-people">{subtitleOf(conversation)}</p>}
      </div>
      {conversation && account.value && <DetailButton />}
      {account.value === null && (
        <a class="button" href={pathOf({ view: "sign-in", next: pathOf(route.value) })}>
          Sign in
        </a>
      )}
    </header>
  );
}

function subtitleOf(conversation: Conversation): string {
  if (conversation.kind === "room") return "Room";
  const others = conversation.participants.filter(({ id }) => id !== account.value?.id);
  const only = others.length === 1 && others[0];
  if (conversation.kind === "direct") {
    const state = only ? stateText(people.value.get(only.id), now.value) : "";
    return only ? [`@${only.username}`, state].filter(Boolean).join(" · ") : "";
  }
  return conversation.participants.map(nameOf).join(", ");
}

/** Opens what stands beside the conversation, and closes it. */
function DetailButton() {
  const current = route.value;
  if (current.view !== "conversation" && current.view !== "room") return null;
  const { detail, ...without } = current;
  const toggle = () => (detail ? goBack(without as Route) : show({ ...current, detail: true }));
  return (
    <button class="icon-button" aria-label="About this conversation" aria-expanded={detail === true} onClick={toggle}>
      <Icon name="info" />
    </button>
  );
}

function Gone({ title, text }: { title: string; text: string }) {
  return (
    <Note title={title} text={text}>
      <a class="button" href={pathOf({ view: "list" })}>
        To the conversations
      </a>
    </Note>
  );
}

function placeholderTitle(): string {
  const current = route.value;
  return current.view === "room" ? current.name : "";
}
