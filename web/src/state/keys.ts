import { account } from "./account";
import { open } from "./current";
import { overlay } from "./overlay";
import { goBack, route } from "./route";

/** The keys that work everywhere for who is signed in, as the help lists them. */
export const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ["Ctrl K or ⌘ K", "Go somewhere, or do something"],
  ["/", "Search the conversations"],
  ["↑ ↓", "Move in a list"],
  ["Enter", "Send the message"],
  ["Shift Enter", "Begin a new line"],
  ["Esc", "Close what is open, or mark all as read"],
  ["?", "Show these keys"],
];

/** Where `/` leads. */
export const SEARCH_ID = "list-search";

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || !account.value) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      overlay.value = overlay.value === "palette" ? null : "palette";
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && overlay.value === null) {
      plainKey(event);
    }
  });
}

function plainKey(event: KeyboardEvent): void {
  if (event.key === "Escape") return escape();
  if (isTyping(event.target)) return;
  if (event.key === "?") overlay.value = "help";
  else if (event.key === "/") search();
  else return;
  event.preventDefault();
}

/** To the search above the list; where there is no room for the list, the palette finds as well. */
function search(): void {
  const field = document.getElementById(SEARCH_ID);
  if (field?.checkVisibility()) field.focus();
  else overlay.value = "palette";
}

function escape(): void {
  const current = route.value;
  if (current.view === "conversation" && current.detail) goBack({ view: "conversation", id: current.id });
  else if (current.view === "room" && current.detail) goBack({ view: "room", name: current.name });
  else if (open.value) open.value.unreadFrom.value = null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
