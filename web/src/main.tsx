import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import { App } from "./components/App";
import { startAccount } from "./state/account";
import { startAlerts } from "./state/alerts";
import { startAnnouncements } from "./state/announcements";
import { startClock } from "./state/clock";
import { startCurrent } from "./state/current";
import { startJobs } from "./state/jobs";
import { startKeys } from "./state/keys";
import { forgetWithAccount } from "./state/notificationSettings";
import { startNotifications } from "./state/notifications";
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
startNotifications();
startAnnouncements();
startJobs();
startAlerts();
forgetWithAccount();
void startAccount();
// What the server has rendered for the time until now.
root.replaceChildren();
render(<App />, root);
