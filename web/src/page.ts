import type { Conversation, HistoryPage, Person, Position } from "hubbub";

/** What the server has put into the page: absolute paths that end in a slash. */
export interface Page {
  /** Where the UI lives. */
  root: string;
  /** Where the REST API lives. */
  api: string;
  /** Where the sockets live. */
  socket: string;
  /** Whether registering takes an e-mail address. */
  email_required: boolean;
}

/** What the server has read for this person, all at one moment: nothing need be asked before the first text. */
export interface Start {
  /** The signed-in user; null for nobody. */
  account: (Person & { email: string }) | null;
  /** The most recently active conversations; null for nobody. */
  conversations: Conversation[] | null;
  /** Where the user's own stream stood; null for nobody. */
  position: Position | null;
  /** How much is unread beside the conversations; null for what the server hasn't, and all of it for nobody. */
  unread: { notifications: number | null; announcements: number | null } | null;
  /** The room of the address, which needn't be in that list. */
  room: Conversation | null;
  /** The latest messages of the address's conversation, and where its stream stood. */
  history: { topic: string; page: HistoryPage; position: Position } | null;
}

/** Where things are. Outside a page of the server, in a unit test for example, at the root. */
export const page: Page = read<Page>("hubbub-page") ?? { root: "/", api: "/api/", socket: "/ws/", email_required: false };

/** What the page starts from; null where the server has put nothing into it. */
export const start: Start | null = read<Start>("hubbub-start");

function read<T>(id: string): T | null {
  const text = typeof document === "undefined" ? null : document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : null;
}
