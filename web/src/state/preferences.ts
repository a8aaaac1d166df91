import { effect, signal } from "@preact/signals";
import { page } from "../page";

// Cookies, not the browser's storage: the server reads the theme before it sends the page, so that nothing flashes.

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const PREFIX = "hubbub_";
const THEME = "theme";
const ANNOUNCE = "announce";
const YEAR = 365 * 24 * 3600;

export const theme = signal<Theme>(THEMES.find((each) => each === recall(THEME)) ?? "system");
/** Whether new messages are announced to a screen reader. */
export const announces = signal(recall(ANNOUNCE) !== "no");

export function setTheme(next: Theme): void {
  theme.value = next;
  remember(THEME, next === "system" ? "" : next);
}

export function setAnnounces(next: boolean): void {
  announces.value = next;
  remember(ANNOUNCE, next ? "" : "no");
}

/** Keep the page in the chosen theme. */
export function startPreferences(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === "system") delete dataset["theme"];
    else dataset["theme"] = theme.value;
  });
}

/** What this device remembers by a name. */
export function recall(name: string): string | undefined {
  if (typeof document === "undefined") return undefined;
  const start = `${PREFIX}${name}=`;
  return document.cookie.split("; ").find((pair) => pair.startsWith(start))?.slice(start.length);
}

/** Have this device remember a value by a name; an empty one is forgotten. */
export function remember(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${PREFIX}${name}=${value}; Path=${page.root}; Max-Age=${value ? YEAR : 0}; SameSite=Lax${secure}`;
}
