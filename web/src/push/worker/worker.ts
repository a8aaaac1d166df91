// The service worker: shows what the server pushes while no page of ours is in front of anybody.
import { ASKS_WHO, idOf, optionsOf, tagOf, type AlertOpened, type PushPayload } from "../payload";

declare const self: ServiceWorkerGlobalScope;

/** How long a page has to say that it is ours; a click may open windows for longer than that. */
const ANSWER_MS = 500;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(alertOf(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = String((event.notification.data as { link?: unknown } | null)?.link ?? "");
  event.waitUntil(open(address(link), idOf(event.notification.tag)));
});

async function alertOf(data: PushMessageData | null): Promise<void> {
  const payload = read(data);
  if (payload) await closeRead(payload);
  // Browsers want an alert for every push, but for those that come while a page of ours has the focus: it shows them.
  if ((await pages()).some((each) => each.focused)) return;
  if (!payload) return self.registration.showNotification("Something new", { tag: tagOf(0) });
  await self.registration.showNotification(payload.title, optionsOf(payload));
}

/** What was pushed; null where it can't be read. */
function read(data: PushMessageData | null): PushPayload | null {
  try {
    const payload = data?.json() as PushPayload | undefined;
    return typeof payload?.title === "string" ? payload : null;
  } catch {
    return null;
  }
}

/** Close the alerts of what was read on another device, while nobody was here to hear of it. */
async function closeRead(payload: PushPayload): Promise<void> {
  const unread = new Set(payload.unread);
  for (const alert of await self.registration.getNotifications()) {
    const id = idOf(alert.tag);
    if (id !== null && !unread.has(id)) alert.close();
  }
}

/** The address of a link: http(s) only, else the UI itself. */
function address(link: string): string {
  const root = self.registration.scope;
  if (!URL.canParse(link, root)) return root;
  const url = new URL(link, root);
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : root;
}

async function open(url: string, id: number | null): Promise<void> {
  const ours = await pages();
  const page = ours.find((each) => each.url === url) ?? ours[0];
  const target = await (page && url.startsWith(self.registration.scope) ? show(page, url) : self.clients.openWindow(url));
  const opened: AlertOpened | null = id === null ? null : { type: "hubbub.alert-opened", id };
  if (opened) target?.postMessage(opened);
}

/** Lead a page that is open to the address, in front of others. */
async function show(page: WindowClient, url: string): Promise<WindowClient | null> {
  const focused = await page.focus();
  // A page that another worker looks after can't be led anywhere.
  return focused.url === url ? focused : focused.navigate(url).catch(() => self.clients.openWindow(url));
}

/** The pages of ours that are open in this browser; the site may have others beside them. */
async function pages(): Promise<readonly WindowClient[]> {
  const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const near = all.filter((each) => each.url.startsWith(self.registration.scope));
  const ours = await Promise.all(near.map(isOurs));
  return near.filter((_, place) => ours[place]);
}

/** Whether a page answers as the UI does. */
function isOurs(page: WindowClient): Promise<boolean> {
  return new Promise((told) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => told(true);
    setTimeout(() => (told(false), port1.close()), ANSWER_MS);
    page.postMessage({ type: ASKS_WHO }, [port2]);
  });
}
