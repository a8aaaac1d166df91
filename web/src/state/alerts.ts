import { computed, effect, signal } from "@preact/signals";
import type { Notification as News } from "hubbub";
import { page } from "../page";
import { answerWorker, closeAlerts, onAlertOpened, showByWorker } from "../push/alerts";
import { optionsOf } from "../push/payload";
import { tellShown } from "../push/shown";
import { keep } from "../push/subscribe";
import { account } from "./account";
import { banners } from "./announcements";
import { openNews } from "./bell";
import { client, queue } from "./connection";
import { notifications } from "./notifications";
import { recall, remember } from "./preferences";
import { serverNow } from "./serverClock";

// The browser's own notifications, called alerts here: shown while no tab of ours has the focus, by one tab only.

const CHOICE = "alerts";
/** What came longer ago, and was missed while there was no connection, needs no alert any more. */
const FRESH_MS = 60_000;

/** What the browser lets us do; without https it has no alerts. */
export const permission = signal<NotificationPermission | "unsupported">(found());
const choice = signal(recall(CHOICE));
/** Whether there is a reason to ask: one has written something, or looked at the notifications. */
export const mayAskForAlerts = signal(false);

/** Whether to ask now: not while something is announced across the page. */
export const asksForAlerts = computed(
  () =>
    mayAskForAlerts.value &&
    permission.value === "default" &&
    choice.value === undefined &&
    !!account.value &&
    banners.value.length === 0,
);

/** Whether this browser shows alerts. */
export const showsAlerts = computed(() => permission.value === "granted" && choice.value !== "off");

/** Have the browser ask, which it does only when somebody has clicked. */
export async function allowAlerts(): Promise<void> {
  choose("");
  await Notification.requestPermission();
  permission.value = found();
}

export const laterForAlerts = () => choose("later");
export const stopAlerts = () => choose("off");

function choose(next: string): void {
  remember(CHOICE, next);
  choice.value = next || undefined;
}

function found(): NotificationPermission | "unsupported" {
  const has = typeof window !== "undefined" && isSecureContext && "Notification" in window && "locks" in navigator;
  return has ? Notification.permission : "unsupported";
}

const FOCUSED = `hubbub ${page.root} focused`;
const SHOWING = `hubbub ${page.root} alerts`;

/** Those that this tab shows, by the notification's id. */
const shown = new Map<number, Notification>();

/** Show alerts from now on, wherever it falls to this tab. */
export function startAlerts(): void {
  effect(() => {
    if (queue.value.some(({ type }) => type === "chat.send")) mayAskForAlerts.value = true;
  });
  tellShown(client);
  answerWorker();
  if (permission.value === "unsupported") return;
  onAlertOpened((id) => void client.notifications.mark([id]).catch(() => {}));
  effect(() => {
    if (account.value) void keep(account.value.id).catch(() => {}); // It is tried again with the next page.
  });
  tellFocus();
  let mine = false;
  // Whoever holds it shows them; when that tab is closed, another gets it.
  void navigator.locks.request(SHOWING, () => ((mine = true), new Promise(() => {})));
  client.onEvent("notifications.notified", ({ data }) => {
    const fresh = serverNow() - Date.parse(data.notification.created_at) < FRESH_MS;
    if (mine && data.alert && fresh && showsAlerts.value) void show(data.notification);
  });
  client.onEvent("notifications.withdrawn", ({ data }) => void closeAlerts(data.ids));
  effect(() => {
    if (notifications.value) closeRead(notifications.value);
  });
}

/** Let the other tabs know whether this one has the focus: it holds a lock while it has. */
function tellFocus(): void {
  let release: (() => void) | null = null;
  const look = () => {
    const focused = document.hasFocus();
    if (focused && !release) {
      const over = new Promise<void>((done) => (release = done));
      void navigator.locks.request(FOCUSED, { mode: "shared" }, () => over);
    } else if (!focused) {
      release?.();
      release = null;
    }
  };
  addEventListener("focus", look);
  addEventListener("blur", look);
  look();
}

async function show(news: News): Promise<void> {
  const { held } = await navigator.locks.query();
  if (held?.some(({ name }) => name === FOCUSED)) return;
  try {
    if (await showByWorker(news)) return;
    const alert = new Notification(news.title, optionsOf(news));
    shown.set(news.id, alert);
    alert.onclick = () => {
      window.focus();
      alert.close();
      openNews({ at: news.created_at, unread: true, notification: news });
    };
    alert.onclose = () => shown.delete(news.id);
  } catch {
    // On Android only a service worker may show them, which there is where push was turned on.
  }
}

/** Close what was read meanwhile, here or on another device, and what was withdrawn; also what was pushed. */
function closeRead(list: readonly News[]): void {
  const unread = new Set(list.filter(({ read }) => !read).map(({ id }) => id));
  for (const [id, alert] of shown) if (!unread.has(id)) alert.close();
  void closeAlerts(list.filter(({ read }) => read).map(({ id }) => id));
}
