/** What one push carries; `hubbub.notifications.push.payload` writes it. */
export interface PushPayload {
  id: number;
  title: string;
  body: string;
  level: "info" | "success" | "warning" | "danger";
  /** Where a click leads: a path or an address; empty for the UI itself. */
  link: string;
  created_at: string;
  /** The latest that are unread: alerts of others were read elsewhere. */
  unread: number[];
}

/** What the worker tells a page whose alert was clicked. */
export interface AlertOpened {
  type: "hubbub.alert-opened";
  id: number;
}

const TAG = "hubbub-notification-";

/** The tag of a notification's alert: the same one shown again takes its place. */
export const tagOf = (id: number): string => `${TAG}${id}`;

/** The notification of an alert's tag; null for a tag that is not ours. */
export function idOf(tag: string): number | null {
  return tag.startsWith(TAG) ? Number(tag.slice(TAG.length)) : null;
}
