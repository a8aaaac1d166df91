import "./App.css";
import { useEffect } from "preact/hooks";
import { account } from "../state/account";
import { bellCount } from "../state/bell";
import { unreadTotal } from "../state/inbox";
import { overlay } from "../state/overlay";
import { pathOf, route, type Route } from "../state/route";
import { Reset } from "./account/Reset";
import { Verify } from "./account/Verify";
import { ConnectionBar } from "./ConnectionBar";
import { ConversationList } from "./ConversationList";
import { ConversationPane } from "./ConversationPane";
import { Detail } from "./Detail";
import { Help } from "./Help";
import { NewConversation } from "./NewConversation";
import { Note } from "./Note";
import { AlertsQuestion } from "./notifications/AlertsQuestion";
import { Banner } from "./notifications/Banner";
import { Jobs } from "./notifications/Jobs";
import { Notifications } from "./notifications/Notifications";
import { Palette } from "./Palette";
import { Rail } from "./Rail";
import { Rooms } from "./Rooms";
import { Settings } from "./settings/Settings";
import { SignIn } from "./SignIn";

export function App() {
  const unread = unreadTotal.value + bellCount.value;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) hubbub` : "hubbub";
  }, [unread]);
  return OuterPage() ?? <Spaces />;
}

/** Pages of their own, for who isn't signed in; null for views among the others. */
function OuterPage() {
  switch (route.value.view) {
    case "sign-in":
      return outer(<SignIn />);
    case "reset":
      return outer(<Reset />);
    case "verify":
      return outer(<Verify />);
    default:
      return null;
  }
}

function outer(page: preact.JSX.Element) {
  return (
    <>
      <ConnectionBar />
      {page}
    </>
  );
}

/** Rail, list, pane and detail; how many of them show at once the width decides, in `App.css`. */
function Spaces() {
  const current = route.value;
  const detail = "detail" in current;
  const signedIn = account.value !== null;
  const classes = [placeOf(current), signedIn ? "" : "is-guest", detail ? "has-detail" : ""];
  return (
    <div class={`app ${classes.filter(Boolean).join(" ")}`}>
      <div class="app-bars">
        <ConnectionBar />
        {signedIn && <Banner />}
        {signedIn && <AlertsQuestion />}
      </div>
      {signedIn && <Rail />}
      {signedIn && <ConversationList />}
      <main class="pane">
        <Pane />
      </main>
      {detail && <Detail />}
      {signedIn && <Jobs />}
      {signedIn && overlay.value === "palette" && <Palette />}
      {overlay.value === "help" && <Help />}
    </div>
  );
}

/** What a phone shows of a view: the list, a space's own page with the rail under it, or a page alone. */
function placeOf(current: Route): string {
  if (current.view === "list") return "shows-list";
  const space = current.view === "rooms" || current.view === "notifications";
  const top = space || (current.view === "settings" && current.section === null);
  return top ? "shows-space" : "shows-pane";
}

function Pane() {
  switch (route.value.view) {
    case "conversation":
    case "room":
      return <ConversationPane />;
    case "new":
      return <NewConversation />;
    case "rooms":
      return <Rooms />;
    case "notifications":
      return <Notifications />;
    case "settings":
      return <Settings />;
    case "unknown":
      return (
        <Note title="There is nothing here" text="The address may be mistyped.">
          <a class="button" href={pathOf({ view: "list" })}>
            To the conversations
          </a>
        </Note>
      );
    default:
      return <Note text="Choose a conversation, or start one." />;
  }
}
