import "../SignIn.css";
import { account } from "../../state/account";
import { pathOf } from "../../state/route";

interface OuterFrameProps {
  title: string;
  children: preact.ComponentChildren;
}

/** A page of its own about an account, for people who needn't be signed in. */
export function OuterFrame({ title, children }: OuterFrameProps) {
  const signedIn = Boolean(account.value);
  return (
    <main class="sign-in">
      <div class="sign-in-form">
        <h1>{title}</h1>
        {children}
        <p>
          {signedIn ? (
            <a href={pathOf({ view: "list" })}>To the conversations</a>
          ) : (
            <a href={pathOf({ view: "sign-in", next: pathOf({ view: "list" }) })}>To the sign-in</a>
          )}
        </p>
      </div>
    </main>
  );
}
