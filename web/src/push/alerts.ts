import { page } from "../page";
import { idOf, type AlertOpened } from "./payload";

/** Close the alerts of what was read, or all. Any tab that hears of the reading does so, for the whole browser. */
export async function closeAlerts(ids: readonly number[] | "all"): Promise<void> {
  if (typeof navigator === "undefined" || !("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.getRegistration(page.root);
  for (const alert of (await registration?.getNotifications()) ?? []) {
    const id = idOf(alert.tag);
    if (id !== null && (ids === "all" || ids.includes(id))) alert.close();
  }
}

/** Be told the id of a notification whose alert was clicked. Call it while the page loads: what comes earlier waits. */
export function onAlertOpened(told: (id: number) => void): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<AlertOpened | null>) => {
    if (data?.type === "hubbub.alert-opened") told(data.id);
  });
  navigator.serviceWorker.startMessages();
}
