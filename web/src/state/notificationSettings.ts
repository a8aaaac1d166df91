import { computed, effect, signal } from "@preact/signals";
import type { Preferences, QuietHours } from "hubbub";
import { allowAlerts } from "./alerts";
import { account } from "./account";
import { request } from "../api";
import { client } from "./connection";
import { messageOf } from "./current";
import * as push from "../push/subscribe";
import { channelsOf } from "./channels";

/** What one wants to be told of, and how; null while that isn't known. */
export const preferences = signal<Preferences | null>(null);
/** How Web Push stands in this browser; null while that isn't known. */
export const pushState = signal<push.PushState | null>(null);
/** The server's key for pushes, without which there are none; null while it isn't known. */
const pushKey = signal<string | null>(null);
/** How one is mailed what one hasn't read; null while that isn't known. */
export const digest = signal<EmailDigests | null>(null);
/** What went wrong with the last change. */
export const preferencesProblem = signal<string | null>(null);

export const EVERY = ["off", "soon", "hourly", "daily"] as const;

export interface EmailDigests {
  every: (typeof EVERY)[number];
  /** Of the day, for daily ones. */
  hour: number;
  timezone: string;
  /** Where mails go; empty where there is none, so that there are no mails. */
  address: string;
}

/** The columns of the table: what can reach this person. */
export const columns = computed(() => (preferences.value ? channelsOf(preferences.value, !!pushKey.value) : []));

/** What another signed in here wants is none of this one's. */
export function forgetWithAccount(): () => void {
  return effect(() => {
    if (!account.value) preferences.value = pushState.value = pushKey.value = digest.value = null;
  });
}

export function loadPreferences(): void {
  // Together, so that the table is drawn once.
  attempt(
    Promise.all([client.notifications.preferences(), loadPush(), loadDigest()]).then(([found]) => (preferences.value = found)),
  );
}

async function loadPush(): Promise<void> {
  const key = await push.devices().then(({ public_key }) => public_key, () => "");
  pushKey.value = key;
  pushState.value = await push.state(key).catch(() => "unavailable" as const);
}

async function loadDigest(): Promise<void> {
  digest.value = await request<EmailDigests>("GET", "notifications/email/").catch(() => null);
}

/** Say how often one is mailed; daily ones come by the clock of this browser. */
export function setDigest(every: EmailDigests["every"]): void {
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const wanted = every === "daily" ? { every, timezone } : { every };
  attempt(request<EmailDigests>("PATCH", "notifications/email/", wanted).then((found) => (digest.value = found)));
}

export function setPreference(kind: string, channel: string, on: boolean): void {
  attempt(client.notifications.setPreference(kind, channel, on).then((found) => (preferences.value = found)));
}

export function setQuietHours(hours: QuietHours): void {
  attempt(client.notifications.setQuietHours(hours).then((found) => (preferences.value = found)));
}

/** Have what concerns this user pushed to this browser, or no longer. The browser asks first. */
export function setPush(on: boolean): void {
  const user = account.value?.id;
  if (user === undefined) return;
  attempt((on ? push.turnOn(user) : push.turnOff()).then((found) => (pushState.value = found)));
}

export function turnAlertsOn(): void {
  attempt(allowAlerts());
}

function attempt(work: Promise<unknown>): void {
  preferencesProblem.value = null;
  // What was refused stands as it was: the boxes are drawn from what the server has said.
  work.catch((error: unknown) => {
    preferencesProblem.value = messageOf(error);
    preferences.value = preferences.value && { ...preferences.value };
    digest.value = digest.value && { ...digest.value };
  });
}
