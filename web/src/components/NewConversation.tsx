import "./NewConversation.css";
import { useSignal } from "@preact/signals";
import { messageOf, startConversation } from "../state/current";
import { pathOf } from "../state/route";
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
        <p class="quiet">
          To talk in the open, <a href={pathOf({ view: "rooms" })}>enter a room</a>.
        </p>
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
