import "./App.css";
import { account } from "../state/account";
import { unreadTotal } from "../state/inbox";
import { route } from "../state/route";
import { useEffect } from "preact/hooks";
import { ConnectionBar } from "./ConnectionBar";
import { ConversationList } from "./ConversationList";
import { ConversationPane } from "./ConversationPane";
import { NewConversation } from "./NewConversation";
import { SignIn } from "./SignIn";

export function App() {
  const { view } = route.value;
  const unread = unreadTotal.value;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) hubbub` : "hubbub";
  }, [unread]);

  if (view === "sign-in") {
    return (
      <>
        <ConnectionBar />
        <SignIn />
      </>
    );
  }
  const signedIn = account.value !== null;
  return (
    <div class={`app ${view === "list" ? "shows-list" : "shows-pane"} ${signedIn ? "" : "is-guest"}`}>
      <ConnectionBar />
      {signedIn && <ConversationList />}
      <main class="pane">
        <Pane />
      </main>
    </div>
  );
}

function Pane() {
  switch (route.value.view) {
    case "conversation":
    case "room":
      return <ConversationPane />;
    case "new":
      return <NewConversation />;
    case "unknown":
      return (
        <div class="pane-note">
          <h1>There is nothing here</h1>
          <p class="quiet">The address may be mistyped.</p>
          <a class="button" href="/">
            To the conversations
          </a>
        </div>
      );
    default:
      return (
        <div class="pane-note">
          <p class="quiet">Choose a conversation, or start one.</p>
        </div>
      );
  }
}
