import { computed, signal } from "@preact/signals";
import * as api from "../api";
import { messageOf } from "./current";

/** The rooms as far as they were asked for; null before the first answer. */
export const rooms = signal<readonly api.Room[] | null>(null);
export const roomsProblem = signal<string | null>(null);

const last = signal(true);
/** Whether there are more than these. */
export const moreRooms = computed(() => !last.value);

/** Read the rooms anew, or those that follow. What is shown stays until the answer is there. */
export async function loadRooms(following = false): Promise<void> {
  roomsProblem.value = null;
  try {
    const known = following ? (rooms.value ?? []) : [];
    const { results, next } = await api.rooms(known.at(-1)?.id);
    rooms.value = [...known, ...results];
    last.value = next === null;
  } catch (error) {
    roomsProblem.value = messageOf(error);
  }
}
