import type { FunctionComponent } from "preact";
import { Appearance } from "./Appearance";
import { CloseAccount } from "./CloseAccount";
import { Email } from "./Email";
import { Notifications } from "./Notifications";
import { Password } from "./Password";
import { Profile } from "./Profile";
import { Sessions } from "./Sessions";

export interface Section {
  /** In the address: `settings/<id>`. */
  id: string;
  title: string;
  View: FunctionComponent;
}

/** The parts of the settings, in the order in which they are listed. */
export const SECTIONS: readonly Section[] = [
  { id: "profile", title: "Profile", View: Profile },
  { id: "appearance", title: "Appearance", View: Appearance },
  { id: "notifications", title: "Notifications", View: Notifications },
  { id: "email", title: "E-mail", View: Email },
  { id: "password", title: "Password", View: Password },
  { id: "sessions", title: "Devices", View: Sessions },
  { id: "close", title: "Close the account", View: CloseAccount },
];
