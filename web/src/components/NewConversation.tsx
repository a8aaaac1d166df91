import "./NewConversation.css";
import { useSignal } from "@preact/signals";
import { messageOf, startConversation } from "../state/current";
import { show } from "../state/route";
import { BackLink } from "./BackLink";

export function NewConversation() {
  return (
    <div class="new-conversation">
      <header class="pane-header">
        <BackLink />
        <h1>New conversation</h1>
      </header>
      <div class="new-forms">
        <WithPeople />
        <RoomByName />
      </div>
    </div>
  );
}

function WithPeople() {
  const problem = useSignal<string | null>(null);
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const names = String(form.get("names")).split(/[\s,]+/).filter(Boolean);
    busy.value = true;
    problem.value = null;
    try {
      await startConversation(names, String(form.get("title")).trim());
    } catch (error) {
      problem.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="new-form" onSubmit={submit}>
      <h2>Talk to people</h2>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <label class="field">
        User names
        <input name="names" required autocomplete="off" autocapitalize="none" spellcheck={false} />
        <span class="hint">Several make a group. Put a comma or space between them.</span>
      </label>
      <label class="field">
        Title (optional)
        <input name="title" autocomplete="off" maxLength={120} />
      </label>
      <button class="button primary" type="submit" disabled={busy.value}>
        Start
      </button>
    </form>
  );
}

function RoomByName() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("room")).trim();
    if (name) show({ view: "room", name });
  };
  return (
    <form class="new-form" onSubmit={submit}>
      <h2>Enter a room</h2>
      <label class="field">
        Room name
        <input name="room" required autocomplete="off" autocapitalize="none" spellcheck={false} maxLength={100} />
        <span class="hint">Letters, digits, - and _. The room is made when it is new.</span>
      </label>
      <button class="button" type="submit">
        Enter
      </button>
    </form>
  );
}
