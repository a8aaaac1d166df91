import { signal } from "@preact/signals";
import { fullJitter } from "hubbub";
import * as api from "../api";
import { start } from "../page";
import { client } from "./connection";
import { startInbox, stopInbox } from "./inbox";
import { overlay } from "./overlay";
import { appearAs, disappear } from "./presence";
import { OPEN_VIEWS, pathOf, route, show, showPath } from "./route";

/** The signed-in user; null for nobody, undefined while that isn't known. */
export const account = signal<api.Account | null | undefined>(undefined);
/** Why somebody finds oneself on the sign-in page. */
export const notice = signal<string | null>(null);
/** Whether the server could not be asked who this is. */
export const unreachable = signal(false);

/** How many were unread when the page was made; 0 for somebody else, and where the server has none of these. */
export function unreadAtStart(what: "notifications" | "announcements"): number {
  return account.value && account.value.id === start?.account?.id ? (start?.unread?.[what] ?? 0) : 0;
}

/** Begin as whom the page was made for; a page that doesn't say asks until the server has answered. */
export async function startAccount(attempt = 0): Promise<void> {
  if (start) return start.account ? entered(start.account) : nobody();
  try {
    entered(await api.whoAmI());
  } catch (error) {
    if (error instanceof api.ApiError && (error.status === 401 || error.status === 403)) {
      nobody();
    } else {
      unreachable.value = true;
      setTimeout(() => void startAccount(attempt + 1), fullJitter(attempt, { base: 500, cap: 15_000 }, Math.random));
    }
  }
}

/** Rejects with an ApiError. */
export async function signIn(username: string, password: string): Promise<void> {
  client.close(); // A guest's connection doesn't become the user's.
  entered(await api.signIn(username, password));
}

/** Make an account and sign in. Rejects with an ApiError. */
export async function register(fields: api.NewAccount): Promise<void> {
  await api.register(fields);
  await signIn(fields.username, fields.password);
}

/** Rejects with an ApiError. */
export async function signOut(): Promise<void> {
  await api.signOut();
  left(null);
}

function entered(user: api.Account): void {
  unreachable.value = false;
  notice.value = null;
  account.value = user;
  client.useQueueOf(user.id);
  appearAs(user.id);
  startInbox();
  client.connect();
  const current = route.value;
  if (current.view === "sign-in") showPath(current.next);
}

function nobody(): void {
  unreachable.value = false;
  account.value = null;
  if (!OPEN_VIEWS.has(route.value.view)) askToSignIn(null);
  // A room may be open to guests: the server decides when they connect.
  else if (route.value.view === "room") client.connect();
}

/** Nobody is signed in here any more; `why` is shown on the sign-in page. */
export function left(why: string | null): void {
  stopInbox();
  disappear();
  client.close();
  account.value = null;
  overlay.value = null;
  askToSignIn(why);
}

function askToSignIn(why: string | null): void {
  notice.value = why;
  const here = location.pathname + location.search;
  if (route.value.view !== "sign-in") show({ view: "sign-in", next: here || pathOf({ view: "list" }) }, true);
}

client.on("status", (status) => {
  if (status === "signed_out") {
    left(account.value ? "You were signed out. Sign in to go on." : "Sign in to enter this room.");
  }
});
client.on("ready", ({ user }) => {
  // The session cookie has expired, and the server lets guests connect.
  if (account.value && user?.id !== account.value.id) left("You were signed out. Sign in to go on.");
});
