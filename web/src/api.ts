import type { Conversation, Person } from "hubbub";
import { page } from "./page";

/** The signed-in user, as the server describes it. */
export interface Account extends Person {
  email: string;
}

/** What a request failed with. `status` is 0 where the server could not be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    /** What is wrong with each field, where the server says. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export interface NewAccount {
  username: string;
  password: string;
  first_name?: string;
  last_name?: string;
  email?: string;
}

export const whoAmI = () => request<Account>("GET", "auth/me/");
export const signIn = (username: string, password: string) =>
  request<Account>("POST", "auth/session/", { username, password });
export const signOut = () => request<void>("DELETE", "auth/session/");
export const register = (account: NewAccount) => request<void>("POST", "auth/register/", account);

/** A room as everybody sees it. */
export interface Room {
  id: number;
  topic: string;
  name: string;
  created_at: string;
}

/** The rooms after the one with the id `after`; `next` where there are more. */
export const rooms = (after?: number) =>
  request<{ results: Room[]; next: string | null }>("GET", after === undefined ? "rooms/" : `rooms/?after=${after}`);
export const addParticipants = (id: number, participants: string[]) =>
  request<Conversation>("POST", `conversations/${id}/participants/`, { participants });

/** Ask the server. Rejects with an ApiError. */
export async function request<T>(method: string, path: string, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`${page.api}${path}`, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...(method === "GET" ? {} : { "X-CSRFToken": cookie("csrftoken") }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new ApiError("Couldn't reach the server. Check your connection.", 0, "unreachable");
  }
  const text = await response.text();
  const data = parse(text) as Record<string, unknown> | null;
  if (!response.ok) {
    const message = typeof data?.["message"] === "string" ? data["message"] : `The server answered ${response.status}.`;
    throw new ApiError(message, response.status, String(data?.["code"] ?? "error"), fieldsOf(data));
  }
  return data as T;
}

function fieldsOf(data: Record<string, unknown> | null): Record<string, string> {
  const lists = Object.entries(data ?? {}).filter((entry): entry is [string, string[]] => Array.isArray(entry[1]));
  return Object.fromEntries(lists.map(([name, texts]) => [name, texts.join(" ")]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function cookie(name: string): string {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return decodeURIComponent(found?.slice(name.length + 1) ?? "");
}
