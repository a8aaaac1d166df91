import "./Jobs.css";
import { dismissJob, jobs } from "../../state/jobs";
import { percentOf, type ShownJob } from "../../state/progress";
import { addressOf, follow } from "../../state/route";
import { Icon } from "../Icon";

/** The user's jobs on the server: how far each is, and how it ended. */
export function Jobs() {
  if (jobs.value.length === 0) return null;
  return (
    <aside class="jobs" aria-label="Jobs">
      <ul>
        {jobs.value.map((job) => (
          <Job key={job.id} job={job} />
        ))}
      </ul>
    </aside>
  );
}

function Job({ job }: { job: ShownJob }) {
  const url = job.outcome ? addressOf(job.link) : null;
  const percent = percentOf(job);
  return (
    <li class={`job ${job.outcome ? `is-${job.outcome}` : ""}`}>
      <span class="job-text">
        <bdi class="job-title">{job.title}</bdi>
        <span class="job-state" role={job.outcome ? "status" : undefined}>
          {job.outcome ? <Ended job={job} /> : job.message || "Running"}
        </span>
      </span>
      {job.outcome ? (
        <>
          {url && (
            <a
              class="link-button"
              href={url.href}
              onClick={(event) => {
                event.preventDefault();
                dismissJob(job.id);
                follow(url);
              }}
            >
              Show
            </a>
          )}
          <button class="icon-button" aria-label={`Dismiss: ${job.title}`} onClick={() => dismissJob(job.id)}>
            <Icon name="close" />
          </button>
        </>
      ) : (
        <>
          <progress class="job-bar" max={100} value={percent} aria-label={job.title} />
          <span class="job-percent" aria-hidden="true">
            {percent !== undefined && `${percent} %`}
          </span>
        </>
      )}
    </li>
  );
}

function Ended({ job }: { job: ShownJob }) {
  const word = job.outcome === "done" ? "Done" : "Failed";
  return (
    <>
      <Icon name={job.outcome === "done" ? "success" : "danger"} />
      {job.message && <span class="visually-hidden">{word}:</span>}
      <bdi>{job.message || word}</bdi>
    </>
  );
}
