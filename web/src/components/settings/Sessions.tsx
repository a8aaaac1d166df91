import "./Sessions.css";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { messageOf } from "../../state/current";
import { loadLogins, logins, signOutElsewhere, type Login } from "../../state/settings";
import { TimeAgo } from "../TimeAgo";

/** Where one is signed in, and out again. */
export function Sessions() {
  const problem = useSignal<string | null>(null);
  const trying = (work: Promise<void>) => {
    problem.value = null;
    work.catch((error: unknown) => (problem.value = messageOf(error)));
  };
  useEffect(() => trying(loadLogins()), []);
  const known = logins.value;
  return (
    <>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <ul class="sessions" aria-label="Where you are signed in">
        {known?.map((login) => (
          <li key={login.id}>
            <Words login={login} />
            {!login.current && (
              <button
                class="button"
                aria-label={`Sign out: ${nameOf(login)}`}
                onClick={() => trying(signOutElsewhere(login.id))}
              >
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
      {known && known.length > 1 && (
        <p>
          <button class="button danger" onClick={() => trying(signOutElsewhere())}>
            Sign out everywhere else
          </button>
        </p>
      )}
    </>
  );
}

function Words({ login }: { login: Login }) {
  return (
    <span class="session-words">
      <strong>{nameOf(login)}</strong>
      <span class="quiet">
        {login.current ? "This one. " : ""}
        {login.address && `From ${login.address}. `}
        Signed in <TimeAgo at={login.created_at} />
        {!login.current && (
          <>
            , last used <TimeAgo at={login.last_seen_at} />
          </>
        )}
      </span>
    </span>
  );
}

function nameOf({ device, kind }: Login): string {
  return device || (kind === "session" ? "A browser" : "A program");
}
