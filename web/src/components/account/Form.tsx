import "./Form.css";
import { useSignal } from "@preact/signals";
import { ApiError } from "../../api";
import { messageOf } from "../../state/current";

interface FormProps {
  /** What the button says. */
  action: string;
  /** Resolves with what to say when it is done. Rejects with an ApiError. */
  submit: (field: (name: string) => string) => Promise<string | void>;
  kind?: "primary" | "danger" | "plain";
  /** Whether the fields keep what was written once it is done. */
  keeps?: boolean;
  class?: string;
  children?: preact.ComponentChildren;
}

/** A form about an account: says what went wrong, and what was done. */
export function Form({ action, submit, kind = "primary", keeps = false, class: name = "settings-form", children }: FormProps) {
  const problem = useSignal<string | null>(null);
  const done = useSignal<string | null>(null);
  const busy = useSignal(false);

  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    busy.value = true;
    problem.value = done.value = null;
    try {
      done.value = (await submit((name) => String(data.get(name) ?? ""))) ?? null;
      if (!keeps) form.reset();
    } catch (error) {
      problem.value = problemOf(error);
    } finally {
      busy.value = false;
    }
  };

  return (
    <form class={name} onSubmit={onSubmit}>
      {children}
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <p class="form-done" role="status">
        {done.value}
      </p>
      <button class={`button ${kind}`} type="submit" disabled={busy.value}>
        {action}
      </button>
    </form>
  );
}

/** What is wrong with the fields, without their names on the wire; or else with the whole. */
function problemOf(error: unknown): string {
  const texts = error instanceof ApiError ? Object.values(error.fields) : [];
  return texts.join(" ") || messageOf(error);
}
