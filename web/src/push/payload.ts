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

/** What an alert shows of a notification. */
export type Shown = Pick<PushPayload, "id" | "title" | "body" | "level" | "link">;

/** What the worker tells a page whose alert was clicked. */
export interface AlertOpened {
  type: "hubbub.alert-opened";
  id: number;
}

/** What the worker asks every window of the origin, with a port for the answer: only pages of the UI give one. */
export const ASKS_WHO = "hubbub.who-is-there";

const TAG = "hubbub-notification-";

/** The tag of a notification's alert: the same one shown again takes its place. */
export const tagOf = (id: number): string => `${TAG}${id}`;

/** How a notification's alert is shown, by the worker and by pages alike. */
export const optionsOf = ({ id, body, level, link }: Shown): NotificationOptions => ({
  body,
  tag: tagOf(id),
  requireInteraction: level === "danger",
  data: { link },
});

/** The notification of an alert's tag; null for a tag that is not ours. */
export function idOf(tag: string): number | null {
  return tag.startsWith(TAG) ? Number(tag.slice(TAG.length)) : null;
}
