import "./Detail.css";
import { useSignal } from "@preact/signals";
import type { Conversation, Person } from "hubbub";
import { account } from "../state/account";
import { now } from "../state/clock";
import { addPeople, leaveConversation, messageOf, shown } from "../state/current";
import { nameOf, stateText, titleOf } from "../state/people";
import { people as seen } from "../state/presence";
import { goBack, route, type Route } from "../state/route";
import { Avatar } from "./Avatar";
import { Icon } from "./Icon";

/** Who takes part in the conversation of the address, and what can be changed in that. */
export function Detail() {
  const conversation = shown.value;
  const title = conversation ? titleOf(conversation, account.value?.id) : "";
  return (
    <aside class="detail" aria-label="About this conversation">
      <header class="pane-header">
        <div class="pane-titles">
          <h2>{title}</h2>
        </div>
        <button class="icon-button" aria-label="Close the details" onClick={() => goBack(conversationOf(route.value))}>
          <Icon name="close" />
        </button>
      </header>
      {conversation && (
        <div class="detail-body" key={conversation.id}>
          {conversation.kind === "room" ? (
            <p class="quiet">A room is open to everybody who may sign in here.</p>
          ) : (
            <People conversation={conversation} />
          )}
          {conversation.kind === "group" && <AddPeople conversation={conversation} />}
          {conversation.kind !== "direct" && account.value && <Leave conversation={conversation} />}
        </div>
      )}
    </aside>
  );
}

/** The same view without its detail. */
function conversationOf(current: Route): Route {
  if (current.view === "conversation") return { view: "conversation", id: current.id };
  if (current.view === "room") return { view: "room", name: current.name };
  return current;
}

function People({ conversation }: { conversation: Conversation }) {
  const people = conversation.participants;
  const me = account.value?.id;
  return (
    <section class="detail-section">
      <h3>{people.length === 1 ? "1 person" : `${people.length} people`}</h3>
      <ul class="detail-people">
        {people.map((person) => (
          <PersonRow key={person.id} person={person} isMe={person.id === me} />
        ))}
      </ul>
    </section>
  );
}

function PersonRow({ person, isMe }: { person: Person; isMe: boolean }) {
  // Of oneself one knows it.
  const presence = isMe ? undefined : seen.value.get(person.id);
  const state = stateText(presence, now.value);
  return (
    <li class="detail-person">
      <Avatar person={person} letter={Array.from(nameOf(person))[0] ?? "?"} state={presence?.state} />
      <span class="detail-name">
        <bdi>{nameOf(person)}</bdi>
        {isMe && <span class="quiet"> (you)</span>}
        <span class="quiet detail-username">{[`@${person.username}`, state].filter(Boolean).join(" · ")}</span>
      </span>
    </li>
  );
}

function AddPeople({ conversation }: { conversation: Conversation }) {
  const names = useSignal("");
  const said = useSignal<{ text: string; bad: boolean } | null>(null);
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = names.value.split(/[\s,]+/).filter(Boolean);
    if (wanted.length === 0) return;
    busy.value = true;
    said.value = null;
    try {
      await addPeople(conversation, wanted);
      said.value = { text: `Added ${wanted.join(", ")}.`, bad: false };
      names.value = "";
    } catch (error) {
      said.value = { text: messageOf(error), bad: true };
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="detail-section" onSubmit={submit}>
      <label class="field">
        <span class="detail-label">Add people</span>
        <input
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          placeholder="User names"
          value={names.value}
          onInput={(event) => (names.value = event.currentTarget.value)}
        />
      </label>
      {said.value && (
        <p class={said.value.bad ? "problem" : "quiet"} role={said.value.bad ? "alert" : "status"}>
          {said.value.text}
        </p>
      )}
      <button class="button" type="submit" disabled={busy.value}>
        Add
      </button>
    </form>
  );
}

function Leave({ conversation }: { conversation: Conversation }) {
  const sure = useSignal(false);
  const problem = useSignal<string | null>(null);
  const room = conversation.kind === "room";
  const leave = async () => {
    try {
      await leaveConversation(conversation);
    } catch (error) {
      problem.value = messageOf(error);
      sure.value = false;
    }
  };
  const [first, second] = room ? ["Take off my list", "Take it off?"] : ["Leave", "Leave for good?"];
  return (
    <section class="detail-section">
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <button
        class="button danger"
        onBlur={() => (sure.value = false)}
        onClick={() => (sure.value ? void leave() : (sure.value = true))}
      >
        {sure.value ? second : first}
      </button>
    </section>
  );
}
