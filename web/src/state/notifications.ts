import { computed, effect, signal } from "@preact/signals";
import type { Notification, NotificationState } from "hubbub";
import { account, unreadAtStart } from "./account";
import { client } from "./connection";

const known = signal<NotificationState | null>(null);

/** One's notifications, the latest first, as far as they are loaded; null until they are. */
export const notifications = computed<readonly Notification[] | null>(() => known.value?.list ?? null);
/** Whether there are earlier ones. */
export const moreNotifications = computed(() => known.value?.more ?? false);
/** How many are unread; until the server has told this page, as many as were when it was made. */
export const unreadNotifications = computed(() =>
  known.value?.list ? known.value.unread : unreadAtStart("notifications"),
);

/** Follow the signed-in user's. */
export function startNotifications(): void {
  const who = computed(() => account.value?.id ?? null);
  effect(() => {
    if (who.value === null) return;
    const end = client.notifications.follow((state) => (known.value = state));
    return () => {
      end();
      known.value = null;
    };
  });
}
