import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import { App } from "./components/App";
import { startAccount } from "./state/account";
import { startClock } from "./state/clock";
import { startCurrent } from "./state/current";
import { startKeys } from "./state/keys";
import { startPreferences } from "./state/preferences";
import { startPresence } from "./state/presence";
import { startLinks } from "./state/links";
import { startRouting } from "./state/route";

const root = document.getElementById("app");
if (!root) throw new Error("The page has no #app to show anything in.");

startPreferences();
startLinks();
startRouting();
startClock();
startKeys();
startCurrent();
startPresence();
void startAccount();
// What the server has rendered for the time until now.
root.replaceChildren();
render(<App />, root);
