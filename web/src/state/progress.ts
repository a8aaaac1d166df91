import type { AnyEvent } from "hubbub";

/** A job that runs, as the server's snapshot has it. */
export interface Job {
  id: number;
  title: string;
  /** From 0 to 1. */
  fraction: number;
  message: string;
}

/** A job as it is shown: as it runs, or how it ended. */
export interface ShownJob extends Pick<Job, "id" | "title" | "fraction" | "message"> {
  outcome: "done" | "failed" | null;
  /** Where what came of it can be seen; empty for nowhere. */
  link: string;
}

/** How much of it is done; undefined while nothing is known: of one that has just begun, or, where the server has no
 * Redis, of one that another process does. */
export function percentOf({ fraction, message }: Pick<Job, "fraction" | "message">): number | undefined {
  return fraction > 0 || message ? Math.round(fraction * 100) : undefined;
}

/** Those that run, as the server says, and how others ended. */
export function withRunning(list: readonly ShownJob[], running: readonly Job[]): readonly ShownJob[] {
  const ended = list.filter(({ id, outcome }) => outcome && !running.some((each) => each.id === id));
  return [...ended, ...running.map((job) => ({ ...job, outcome: null, link: "" }))];
}

export function afterProgress(list: readonly ShownJob[], event: AnyEvent): readonly ShownJob[] {
  const changed = (id: number, changes: Partial<ShownJob>) =>
    list.map((each) => (each.id === id ? { ...each, ...changes } : each));
  switch (event.type) {
    case "progress.started": {
      const { job: id, title } = event.data;
      return list.some((each) => each.id === id)
        ? list
        : [...list, { id, title, fraction: 0, message: "", outcome: null, link: "" }];
    }
    case "progress.advanced": {
      const { job, fraction, message } = event.data;
      return list.map((each) => (each.id === job && !each.outcome ? { ...each, fraction, message } : each));
    }
    case "progress.ended": {
      const { job, title, outcome, message, link } = event.data;
      const known = list.some(({ id }) => id === job);
      return known
        ? changed(job, { outcome, message, link })
        : [...list, { id: job, title, fraction: 1, outcome, message, link }];
    }
    default:
      return list;
  }
}
