import type { FunctionComponent } from "preact";
import { Appearance } from "./Appearance";

export interface Section {
  /** In the address: `settings/<id>`. */
  id: string;
  title: string;
  View: FunctionComponent;
}

/** The parts of the settings, in the order in which they are listed. */
export const SECTIONS: readonly Section[] = [{ id: "appearance", title: "Appearance", View: Appearance }];
