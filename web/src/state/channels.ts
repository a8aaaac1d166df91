import type { Preferences } from "hubbub";

/** A way by which notifications reach somebody. */
export interface Channel {
  name: string;
  /** What people call it. */
  label: string;
  /** What it does, in a line; empty for a project's own. */
  means: string;
}

/** In the order of their columns; others stand behind these. */
const CHANNELS: readonly Channel[] = [
  { name: "site", label: "In hubbub", means: "the list behind the bell" },
  { name: "browser", label: "Browser", means: "an alert while a tab of hubbub is open" },
  { name: "push", label: "Push", means: "an alert while hubbub is closed" },
  { name: "email", label: "E-mail", means: "a mail about what stays unread" },
];

/** The channels that there are; none can be pushed where the server doesn't, having no key. */
export function channelsOf({ kinds }: Preferences, pushes: boolean): Channel[] {
  const there = new Set(kinds.flatMap(({ channels }) => Object.keys(channels)));
  if (!pushes) there.delete("push");
  const known = CHANNELS.filter(({ name }) => there.delete(name));
  return [...known, ...[...there].map((name) => ({ name, label: name, means: "" }))];
}
