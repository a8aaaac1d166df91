import { signal } from "@preact/signals";
import { fullJitter } from "hubbub";
import * as api from "../api";
import { client } from "./connection";
import { startInbox, stopInbox } from "./inbox";
import { route, show } from "./route";

/** The signed-in user; null for nobody, undefined while that isn't known. */
export const account = signal<api.Account | null | undefined>(undefined);
/** Why somebody finds oneself on the sign-in page. */
export const notice = signal<string | null>(null);
/** Whether the server could not be asked who this is. */
export const unreachable = signal(false);

/** Find out who this is. Tries until the server has answered. */
export async function startAccount(attempt = 0): Promise<void> {
  try {
    entered(await api.whoAmI());
  } catch (error) {
    if (error instanceof api.ApiError && (error.status === 401 || error.status === 403)) {
      unreachable.value = false;
      account.value = null;
      if (!guestsMayStay()) askToSignIn(null);
      else client.connect();
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

export async function signOut(): Promise<void> {
  await api.signOut();
  left(null);
}

function entered(user: api.Account): void {
  unreachable.value = false;
  notice.value = null;
  account.value = user;
  client.useQueueOf(user.id);
  startInbox();
  client.connect();
  const current = route.value;
  if (current.view === "sign-in") {
    history.replaceState(null, "", current.next);
    dispatchEvent(new PopStateEvent("popstate"));
  }
}

function left(why: string | null): void {
  stopInbox();
  client.close();
  account.value = null;
  askToSignIn(why);
}

function askToSignIn(why: string | null): void {
  notice.value = why;
  const here = location.pathname + location.search;
  if (route.value.view !== "sign-in") show({ view: "sign-in", next: why === null && here === "/" ? "/" : here }, true);
}

/** A room may be open to guests: the server decides when they connect. */
function guestsMayStay(): boolean {
  return route.value.view === "room";
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
