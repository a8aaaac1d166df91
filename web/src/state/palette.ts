import { account, signOut } from "./account";
import { conversations } from "./inbox";
import { overlay } from "./overlay";
import { titleOf, withWords } from "./people";
import { setTheme, THEMES } from "./preferences";
import { pathOf, show, type Route } from "./route";

/** Something that the palette offers. */
export interface Choice {
  id: string;
  title: string;
  kind: string;
  run(): void;
}

const MOST = 12;

/** What fits these words: conversations first, then what can be done. */
export function choicesFor(words: string): Choice[] {
  const me = account.value?.id;
  const found = withWords(conversations.value ?? [], words, me).map((each) =>
    going({ view: "conversation", id: each.id }, titleOf(each, me), each.kind === "room" ? "Room" : "Conversation"),
  );
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const doing = actions().filter(({ title }) => wanted.every((word) => title.toLocaleLowerCase().includes(word)));
  const name = words.trim();
  const room = name && !/\s/.test(name) ? [going({ view: "room", name }, `Enter the room ${name}`, "Room")] : [];
  // With words the actions that fit them are few, and stand behind the conversations that do.
  return [...found.slice(0, wanted.length > 0 ? MOST : 6), ...doing, ...room];
}

function actions(): Choice[] {
  const themes = { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
  return [
    going({ view: "new" }, "Start a conversation", "Action"),
    going({ view: "rooms" }, "Rooms", "Action"),
    going({ view: "notifications" }, "Notifications", "Action"),
    going({ view: "settings", section: null }, "Settings", "Action"),
    ...THEMES.map((each) => ({ id: `theme ${each}`, title: themes[each], kind: "Action", run: () => setTheme(each) })),
    { id: "keys", title: "Keyboard help", kind: "Action", run: () => (overlay.value = "help") },
    { id: "out", title: "Sign out", kind: "Action", run: () => void signOut().catch(() => show({ view: "settings", section: null })) },
  ];
}

function going(to: Route, title: string, kind: string): Choice {
  return { id: pathOf(to), title, kind, run: () => show(to) };
}
