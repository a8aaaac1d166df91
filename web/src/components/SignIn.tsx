import "./SignIn.css";
import { useSignal } from "@preact/signals";
import { page } from "../page";
import { notice, register, signIn } from "../state/account";
import { messageOf } from "../state/current";
import { pathOf } from "../state/route";

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
        await register({
          username,
          password,
          first_name: field("first_name"),
          last_name: field("last_name"),
          email: field("email"),
        });
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
            <label class="field">
              {page.email_required ? "E-mail" : "E-mail (optional)"}
              <input name="email" type="email" autocomplete="email" required={page.email_required} />
              <span class="hint">It lets you back in when you are locked out. Others don't see it.</span>
            </label>
          </>
        )}
        <button class="button primary" type="submit" disabled={busy.value}>
          {isNew.value ? "Make the account" : "Sign in"}
        </button>
        {!isNew.value && (
          <p>
            <a href={pathOf({ view: "reset" })}>Forgot your password?</a>
          </p>
        )}
        <p class="quiet">
          {isNew.value ? "You have an account?" : "You are new here?"}{" "}
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
