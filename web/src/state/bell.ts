import { computed, signal } from "@preact/signals";
import { announced, isUnseen, moment, see, seeUpTo, unseen } from "./announcements";
import { live } from "./banners";
import { client } from "./connection";
import { messageOf } from "./current";
import { inOrder, type News } from "./news";
import { moreNotifications, notifications, unreadNotifications } from "./notifications";
import { addressOf, follow } from "./route";

/** What is new beside the conversations: what happened for oneself, and what is announced. */
export const bellCount = computed(() => unreadNotifications.value + unseen.value);

/** All of them, the latest first; null until they are known. */
export const news = computed<readonly News[] | null>(() => {
  if (notifications.value === null) return null;
  const told = notifications.value.map((each) => ({ at: each.created_at, unread: !each.read, notification: each }));
  const said = live(announced.value ?? [], moment.value);
  // Of announcements all that are live are known: older ones wait for the notifications that stand above them.
  const since = moreNotifications.value ? Date.parse(told.at(-1)?.at ?? "") || 0 : 0;
  const shown = said.map((each) => ({ at: each.begins_at, unread: isUnseen(each), announcement: each }));
  return inOrder([...told, ...shown.filter(({ at, unread }) => unread || Date.parse(at) >= since)]);
});

/** What went wrong with what one did last; null where nothing did. */
export const bellProblem = signal<string | null>(null);

export function markNews(each: News, read: boolean): void {
  if (each.notification) attempt(client.notifications.mark([each.notification.id], read));
  else if (read) attempt(see(each.announcement));
}

export function markAllNews(): void {
  const latest = announced.value?.[0];
  if (unreadNotifications.value > 0) attempt(client.notifications.markAll());
  if (latest && unseen.value > 0) attempt(seeUpTo(latest.number));
}

/** Whether earlier ones are on their way. */
export const loadingEarlier = signal(false);

export function loadEarlierNews(): void {
  if (loadingEarlier.value) return;
  loadingEarlier.value = true;
  const done = () => (loadingEarlier.value = false);
  attempt(client.notifications.loadEarlier().then(done, (error: unknown) => (done(), Promise.reject(error))));
}

/** Go where a notification leads, if it leads anywhere: it is read then. */
export function openNews(each: News): void {
  if (each.unread) markNews(each, true);
  const url = addressOf((each.notification ?? each.announcement)!.link);
  if (url) follow(url);
}

function attempt(work: Promise<unknown>): void {
  bellProblem.value = null;
  work.catch((error: unknown) => (bellProblem.value = messageOf(error)));
}
