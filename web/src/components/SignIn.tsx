import "./SignIn.css";
import { useSignal } from "@preact/signals";
import { notice, register, signIn } from "../state/account";
import { messageOf } from "../state/current";

export function SignIn() {
  const isNew = useSignal(false);
  const problem = useSignal<string | null>(null);
  const busy = useSignal(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => String(form.get(name) ?? "");
    busy.value = true;
    problem.value = null;
    try {
      const [username, password] = [field("username"), field("password")];
      if (isNew.value) {
        await register({ username, password, first_name: field("first_name"), last_name: field("last_name") });
      } else {
        await signIn(username, password);
      }
    } catch (error) {
      problem.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };

  return (
    <main class="sign-in">
      <form class="sign-in-form" onSubmit={submit}>
        <h1>{isNew.value ? "Make an account" : "Sign in"}</h1>
        {notice.value && <p role="status">{notice.value}</p>}
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <label class="field">
          User name
          <input name="username" required autocomplete="username" autocapitalize="none" spellcheck={false} autofocus />
        </label>
        <label class="field">
          Password
          <input
            name="password"
            type="password"
            required
            autocomplete={isNew.value ? "new-password" : "current-password"}
          />
        </label>
        {isNew.value && (
          <>
            <label class="field">
              First name (optional)
              <input name="first_name" autocomplete="given-name" />
            </label>
            <label class="field">
              Last name (optional)
              <input name="last_name" autocomplete="family-name" />
            </label>
          </>
        )}
        <button class="button primary" type="submit" disabled={busy.value}>
          {isNew.value ? "Make the account" : "Sign in"}
        </button>
        <p class="quiet">
          {isNew.value ? "You have an account?" : "You are new here?"}
          <button
            class="link-button"
            type="button"
            onClick={() => {
              isNew.value = !isNew.value;
              problem.value = null;
            }}
          >
            {isNew.value ? "Sign in" : "Make an account"}
          </button>
        </p>
      </form>
    </main>
  );
}
