import "./ConversationPane.css";
import { account } from "../state/account";
import { leaveConversation, messageOf, missing, open, roomError, shown } from "../state/current";
import { nameOf, titleOf } from "../state/people";
import { route } from "../state/route";
import type { Conversation } from "hubbub";
import type { OpenConversation } from "../state/conversation";
import { useSignal } from "@preact/signals";
import { BackLink } from "./BackLink";
import { Composer } from "./Composer";
import { MessageLog } from "./MessageLog";
import { TypingLine } from "./TypingLine";

/** The conversation of the address. */
export function ConversationPane() {
  const conversation = shown.value;
  const current = open.value;
  if (roomError.value !== null) return <Gone title="Can't enter this room" text={roomError.value} />;
  if (missing.value || current?.loading.value === "gone") {
    return <Gone title="This conversation isn't here" text="It doesn't exist, or you take no part in it." />;
  }
  if (!conversation || !current) return <Header title={placeholderTitle()} />;
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
      <BackLink />
      <div class="pane-titles">
        <h1>{title}</h1>
        {conversation?.kind === "group" && (
          <p class="pane-people">{conversation.participants.map(nameOf).join(", ")}</p>
        )}
      </div>
      {conversation?.kind === "group" && <LeaveButton conversation={conversation} />}
      {account.value === null && (
        <a class="button" href={`/sign-in?next=${encodeURIComponent(location.pathname)}`}>
          Sign in
        </a>
      )}
    </header>
  );
}

function LeaveButton({ conversation }: { conversation: Conversation }) {
  const sure = useSignal(false);
  const problem = useSignal<string | null>(null);
  const leave = async () => {
    try {
      await leaveConversation(conversation);
    } catch (error) {
      problem.value = messageOf(error);
      sure.value = false;
    }
  };
  return (
    <>
      {problem.value && <span role="alert">{problem.value}</span>}
      <button class="button" onBlur={() => (sure.value = false)} onClick={() => (sure.value ? void leave() : (sure.value = true))}>
        {sure.value ? "Leave for good?" : "Leave"}
      </button>
    </>
  );
}

function Gone({ title, text }: { title: string; text: string }) {
  return (
    <div class="pane-note">
      <h1>{title}</h1>
      <p class="quiet">{text}</p>
      <a class="button" href="/">
        To the conversations
      </a>
    </div>
  );
}

function placeholderTitle(): string {
  const current = route.value;
  return current.view === "room" ? current.name : "";
}
