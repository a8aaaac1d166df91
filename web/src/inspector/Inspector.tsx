import "./Inspector.css";
import { page } from "../page";
import { Figures } from "./Figures";
import { Sessions } from "./Sessions";
import { client, problem, processes, refused, slow, status, topics, totals, traced } from "./state";
import { Table } from "./Table";
import { Trace } from "./Trace";
import { bytes, duration, milliseconds, rate, whole } from "./words";

/** How the server does, live. */
export function Inspector() {
  return (
    <div class="inspector">
      <header class="inspector-head">
        <h1>Inspector</h1>
        <Connection />
        <a href={page.root}>To the chat</a>
      </header>
      <main>
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        {refused.value ? <p class="problem">{refused.value}</p> : totals.value ? <Views /> : <p class="quiet">Looking.</p>}
      </main>
    </div>
  );
}

function Connection() {
  const text = {
    connecting: "Connecting",
    online: "Live",
    offline: "Offline. What stands here is old.",
    restarting: "The server is restarting.",
    signed_out: "You were signed out.",
    not_allowed: "You may not look here.",
    closed: "Not connected",
  }[status.value];
  return (
    <span class={`inspector-status is-${status.value}`} role="status">
      {text}
      {status.value === "offline" && (
        <button class="link-button" onClick={() => client.retryNow()}>
          Try now
        </button>
      )}
    </span>
  );
}

function Views() {
  return (
    <>
      <Figures />
      {traced.value && <Trace />}
      {processes.value.length > 1 && <Processes />}
      {slow.value.length > 0 && <SlowReaders />}
      <Sessions />
      <Topics />
    </>
  );
}

function Processes() {
  return (
    <Table
      title="Processes"
      columns={["Process", "Sessions", "Frames in /s", "Deliveries /s", "Waiting", "Late"]}
      numbers={[1, 2, 3, 4, 5]}
      rows={processes.value.map(({ process, totals: each }) => ({
        key: process,
        cells: [process, whole(each.sessions), rate(each.received), rate(each.deliveries), bytes(each.waiting), milliseconds(each.lag)],
      }))}
    />
  );
}

function SlowReaders() {
  return (
    <Table
      title="Slow readers"
      note="More waits for them than they read. At the limit they are closed 4010 and come back."
      columns={["User", "Waiting", "Last heard", "Topics"]}
      numbers={[1, 2, 3]}
      rows={slow.value.map((each) => ({
        key: each.id,
        cells: [<bdi>{each.username}</bdi>, bytes(each.waiting), `${duration(each.silent)} ago`, whole(each.topics)],
      }))}
    />
  );
}

function Topics() {
  return (
    <Table
      title="Busiest topics"
      columns={["Topic", "Events /s", "Subscribers"]}
      numbers={[1, 2]}
      rows={topics.value.map((each) => ({ key: each.topic, cells: [each.topic, rate(each.events), whole(each.subscribers)] }))}
    />
  );
}
