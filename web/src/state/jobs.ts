import { computed, effect, signal } from "@preact/signals";
import { account } from "./account";
import { client } from "./connection";
import { afterProgress, withRunning, type Job, type ShownJob } from "./progress";

/** One's jobs that run, and those that ended while one looked; the oldest first. */
export const jobs = signal<readonly ShownJob[]>([]);

/** Where a job is done nobody has to do anything. */
const DONE_MS = 8000;

/** Follow the signed-in user's jobs. */
export function startJobs(): void {
  const who = computed(() => account.value?.id ?? null);
  effect(() => {
    if (who.value === null) return;
    const subscription = client.subscribe(`progress.${who.value}`, {
      snapshot: true,
      onSnapshot: (snapshot) => (jobs.value = withRunning(jobs.value, (snapshot as { jobs: Job[] }).jobs)),
      onReset: () => {},
      onEvent: (event) => {
        jobs.value = afterProgress(jobs.value, event);
        if (event.type === "progress.ended" && event.data.outcome === "done") {
          setTimeout(() => dismissJob(event.data.job), DONE_MS);
        }
      },
    });
    return () => {
      subscription.unsubscribe();
      jobs.value = [];
    };
  });
}

export function dismissJob(id: number): void {
  jobs.value = jobs.value.filter((each) => each.id !== id || each.outcome === null);
}
