import { request } from "../api";
import { page } from "../page";

/**
 * How Web Push stands in this browser. `unsupported`: it can't, or the page came without https; `unavailable`: the
 * server has no keys for it; `blocked`: the person has refused alerts in the browser; else `off` or `on`.
 */
export type PushState = "unsupported" | "unavailable" | "blocked" | "off" | "on";

/** A browser that gets somebody's pushes. */
export interface PushDevice {
  id: number;
  /** What the browser says it is: "Firefox on Linux". */
  label: string;
  created_at: string;
  last_success_at: string | null;
}

export interface PushDevices {
  /** The key that the server signs with; empty where it has none. */
  public_key: string;
  devices: PushDevice[];
}

/** Whose pushes this browser was asked to show: it shows nobody else's after another has signed in. */
const OWNER = "hubbub_push";

/** All of one's browsers that get pushes. Rejects with an ApiError. */
export const devices = () => request<PushDevices>("GET", "notifications/push/");

/** Stop another browser's. Rejects with an ApiError. */
export const removeDevice = (id: number) => request<void>("DELETE", `notifications/push/${id}/`);

/** The server's `key` is asked for where it isn't given. Rejects with an ApiError. */
export async function state(key?: string): Promise<PushState> {
  if (!supported()) return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  if (!(key ?? (await devices()).public_key)) return "unavailable";
  return Notification.permission === "granted" && (await subscription()) ? "on" : "off";
}

/**
 * Have the signed-in user's pushes shown here. Call it when the person asks for it: the browser asks for permission.
 * Rejects with an ApiError, and with a DOMException where the browser's own push service doesn't answer.
 */
export async function turnOn(user: number | string): Promise<PushState> {
  if (!supported()) return "unsupported";
  const allowed = await Notification.requestPermission();
  if (allowed !== "granted") return allowed === "denied" ? "blocked" : "off";
  const { public_key: key } = await devices();
  if (!key) return "unavailable";
  await subscribe(key);
  localStorage.setItem(OWNER, String(user));
  return "on";
}

/** Stop it here. Rejects with an ApiError. */
export async function turnOff(): Promise<PushState> {
  localStorage.removeItem(OWNER);
  const known = await subscription();
  if (known) {
    await request<void>("POST", "notifications/push/forget/", { endpoint: known.endpoint });
    await known.unsubscribe();
  }
  return state();
}

/**
 * Call it when a page has begun with somebody signed in: what was on goes on after a sign-in, with the server's
 * present key, and what another user had turned on ends. Asks nothing of the server where push is off.
 */
export async function keep(user: number | string): Promise<void> {
  const owner = supported() ? localStorage.getItem(OWNER) : null;
  if (owner === null) return;
  if (owner !== String(user)) {
    localStorage.removeItem(OWNER);
    await (await subscription())?.unsubscribe();
    return;
  }
  if (Notification.permission !== "granted") return;
  const { public_key: key } = await devices();
  if (key) await subscribe(key);
}

function supported(): boolean {
  return isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration(page.root);
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Begin or renew, in the browser and on the server. */
async function subscribe(key: string): Promise<void> {
  await navigator.serviceWorker.register(`${page.root}push-worker.js`, { scope: page.root });
  const { pushManager } = await navigator.serviceWorker.ready;
  let known = await pushManager.getSubscription();
  if (known && encoded(known.options.applicationServerKey) !== key) {
    await known.unsubscribe();
    known = null;
  }
  known ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await request<PushDevice>("POST", "notifications/push/", {
    endpoint: known.endpoint,
    p256dh: encoded(known.getKey("p256dh")),
    auth: encoded(known.getKey("auth")),
    label: labelOf(navigator.userAgent),
  });
}

/** Bytes in base64 for URLs, without padding. */
function encoded(bytes: ArrayBuffer | null): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer(0))));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const BROWSERS: readonly [string, RegExp][] = [
  ["Edge", /Edg/],
  ["Opera", /OPR\//],
  ["Samsung Internet", /SamsungBrowser/],
  ["Firefox", /Firefox|FxiOS/],
  ["Chrome", /Chrome|CriOS/],
  ["Safari", /Safari/],
];
const SYSTEMS: readonly [string, RegExp][] = [
  ["Android", /Android/],
  ["iOS", /iPhone|iPad/],
  ["Windows", /Windows/],
  ["macOS", /Macintosh/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
];

/** "Firefox on Linux", for the list of one's devices. */
export function labelOf(userAgent: string): string {
  const first = (names: readonly [string, RegExp][]) => names.find(([, pattern]) => pattern.test(userAgent))?.[0];
  return [first(BROWSERS) ?? "Browser", first(SYSTEMS)].filter(Boolean).join(" on ");
}
