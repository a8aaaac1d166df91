import { page } from "../page";
import { ASKS_WHO, idOf, optionsOf, type AlertOpened, type Shown } from "./payload";

/**
 * Show an alert as the worker does, where it is there; returns whether it is. Its alerts and a page's know nothing of
 * each other's tags: of the two, what is pushed later takes the place only of the worker's.
 */
export async function showByWorker(news: Shown): Promise<boolean> {
  const worker = await pushWorker();
  await worker?.showNotification(news.title, optionsOf(news));
  return worker !== null;
}

/** Our service worker, where push was turned on here at any time; another that the site may have is not ours. */
async function pushWorker(): Promise<ServiceWorkerRegistration | null> {
  if (typeof navigator === "undefined" || !("serviceWorker" in navigator)) return null;
  const found = await navigator.serviceWorker.getRegistration(page.root);
  return found?.active?.scriptURL.endsWith("/push-worker.js") ? found : null;
}

/** Close the alerts of what was read or withdrawn, or all. Any tab that hears of it does so, for the whole browser. */
export async function closeAlerts(ids: readonly number[] | "all"): Promise<void> {
  const worker = await pushWorker();
  for (const alert of (await worker?.getNotifications()) ?? []) {
    const id = idOf(alert.tag);
    if (id !== null && (ids === "all" || ids.includes(id))) alert.close();
  }
}

/** Let the worker know a page of the UI when it asks. */
export function answerWorker(): void {
  if (typeof navigator === "undefined" || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", ({ data, ports }: MessageEvent<{ type?: unknown } | null>) => {
    if (data?.type === ASKS_WHO) ports[0]?.postMessage(true);
  });
  navigator.serviceWorker.startMessages();
}

/** Be told the id of a notification whose alert was clicked. Call it while the page loads: what comes earlier waits. */
export function onAlertOpened(told: (id: number) => void): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<AlertOpened | null>) => {
    if (data?.type === "hubbub.alert-opened") told(data.id);
  });
  navigator.serviceWorker.startMessages();
}
