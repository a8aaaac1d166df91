import { signal } from "@preact/signals";
import { request, type Account } from "../api";
import { account, left, notice } from "./account";
import { link } from "./links";
import { pathOf, show } from "./route";

// Each of these rejects with an ApiError.

/** A sign-in of one's own. */
export interface Login {
  id: string;
  kind: "session" | "token";
  /** What the client calls itself, `Firefox on Linux`; empty where it didn't say. */
  device: string;
  /** A part of the address; empty where the server cannot know it. */
  address: string;
  created_at: string;
  last_seen_at: string;
  /** Whether it is this one. */
  current: boolean;
}

/** Where one is signed in; null while that isn't known. */
export const logins = signal<readonly Login[] | null>(null);

/** One's address; null while that isn't known, and absent where this server keeps none. */
export const email = signal<{ email: string; verified: boolean } | "absent" | null>(null);

export async function saveNames(first_name: string, last_name: string): Promise<void> {
  account.value = await request<Account>("PATCH", "auth/me/", { first_name, last_name });
}

export async function changePassword(password: string, new_password: string): Promise<void> {
  await request("POST", "auth/password/", { password, new_password });
}

export async function loadEmail(): Promise<void> {
  try {
    email.value = await request("GET", "auth/email/");
  } catch (error) {
    if (!isAbsent(error)) throw error;
    email.value = "absent";
  }
}

/** Ask for a mail to an address, which becomes one's own by its link. */
export async function changeEmail(address: string, password: string): Promise<void> {
  await request("POST", "auth/email/", { email: address, password });
  if (!address) await refreshAccount();
  await loadEmail();
}

export async function loadLogins(): Promise<void> {
  logins.value = await request<Login[]>("GET", "auth/logins/");
}

/** Sign out elsewhere: by one sign-in, or by all but this one. */
export async function signOutElsewhere(id?: string): Promise<void> {
  try {
    await request("DELETE", id === undefined ? "auth/logins/" : `auth/logins/${encodeURIComponent(id)}/`);
  } catch (error) {
    if (!isAbsent(error)) throw error; // It has ended meanwhile.
  }
  await loadLogins();
}

export async function closeAccount(password: string): Promise<void> {
  await request("POST", "auth/deactivate/", { password });
  left("Your account is closed.");
}

export async function askForReset(address: string): Promise<void> {
  await request("POST", "auth/password/reset/", { email: address });
}

/** Choose a new password by the link of a mail. */
export async function resetPassword(new_password: string): Promise<void> {
  const { username } = await request<{ username: string }>("POST", "auth/password/reset/confirm/", {
    token: link.value,
    new_password,
  });
  link.value = "";
  show({ view: "sign-in", next: pathOf({ view: "list" }) }, true);
  notice.value = `The password of ${username} is changed. Sign in with it.`;
}

/** Show by the link of a mail that one reads an address. Resolves with the address. */
export async function verifyEmail(): Promise<string> {
  const { email: address } = await request<{ email: string }>("POST", "auth/email/verify/", { token: link.value });
  link.value = "";
  email.value = null;
  if (account.value) await refreshAccount();
  return address;
}

async function refreshAccount(): Promise<void> {
  account.value = await request<Account>("GET", "auth/me/");
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 404;
}
