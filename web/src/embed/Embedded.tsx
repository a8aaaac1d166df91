import { ConnectionBar } from "../components/ConnectionBar";
import { ConversationPane } from "../components/ConversationPane";
import { Note } from "../components/Note";
import { notice } from "../state/account";
import { pathOf, route } from "../state/route";

/** One conversation within somebody else's page. `signIn` is where that page lets people sign in. */
export function Embedded({ signIn }: { signIn: string | null }) {
  const current = route.value;
  const toSignIn = signIn ?? pathOf({ view: "sign-in", next: pathOf({ view: "list" }) });
  if (current.view === "sign-in") {
    return (
      <div class="embedded">
        <Note text={notice.value ?? "Sign in to take part."}>
          <a class="button" href={toSignIn}>
            Sign in
          </a>
        </Note>
      </div>
    );
  }
  return (
    <div
      class="embedded"
      onClickCapture={(event) => {
        const link = event.target instanceof Element ? event.target.closest("a") : null;
        // The pane's own link leads to the UI's page, which would not lead back here.
        if (signIn && link?.pathname === new URL(pathOf({ view: "sign-in", next: "" }), location.href).pathname) {
          link.href = signIn;
        }
      }}
    >
      <ConnectionBar />
      <ConversationPane />
    </div>
  );
}
