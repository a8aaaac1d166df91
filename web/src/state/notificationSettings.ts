import { effect, signal } from "@preact/signals";
import type { Preferences, QuietHours } from "hubbub";
import { allowAlerts } from "./alerts";
import { account } from "./account";
import { client } from "./connection";
import { messageOf } from "./current";
import * as push from "../push/subscribe";

/** What one wants to be told of, and how; null while that isn't known. */
export const preferences = signal<Preferences | null>(null);
/** How Web Push stands in this browser; null while that isn't known. */
export const pushState = signal<push.PushState | null>(null);
/** What went wrong with the last change. */
export const preferencesProblem = signal<string | null>(null);

/** The channels in the order of their columns, by what people call them; others stand behind these. */
const CHANNELS: Readonly<Record<string, string>> = { site: "In hubbub", browser: "Browser", push: "Push", email: "E-mail" };

export function channelsOf({ kinds }: Preferences): { name: string; label: string }[] {
  const there = new Set(kinds.flatMap(({ channels }) => Object.keys(channels)));
  const known = Object.keys(CHANNELS).filter((name) => there.has(name));
  return [...known, ...[...there].filter((name) => !(name in CHANNELS))].map((name) => ({ name, label: CHANNELS[name] ?? name }));
}

/** What another signed in here wants is none of this one's. */
export function forgetWithAccount(): () => void {
  return effect(() => {
    if (!account.value) preferences.value = pushState.value = null;
  });
}

export function loadPreferences(): void {
  attempt(client.notifications.preferences().then((found) => (preferences.value = found)));
  push.state().then((found) => (pushState.value = found), () => (pushState.value = "unavailable"));
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
  });
}
