import { useSignal } from "@preact/signals";
import type { SessionFigures } from "hubbub";
import { closeSession, processes, query, sessions, show, trace, traced } from "./state";
import { Table } from "./Table";
import { bytes, duration, rate, whole } from "./words";

const COLUMNS = ["User", "Since", "Topics", "In /s", "Out /s", "Waiting", "Last heard", ""];
const SORTS = new Map([
  [1, "age"],
  [2, "topics"],
  [3, "received"],
  [4, "sent"],
  [5, "waiting"],
  [6, "silent"],
] as const);
type Sort = typeof query.value.sort;

/** The connections of the process that answers, a page at a time. */
export function Sessions() {
  const found = sessions.value;
  const { search, sort } = query.value;
  const several = processes.value.length > 1 && found;
  return (
    <Table
      title="Sessions"
      {...(several ? { note: `Those of ${found.process}. Other processes list their own.` } : {})}
      columns={COLUMNS}
      numbers={[1, 2, 3, 4, 5, 6]}
      empty={search ? "Nobody of that name is connected here." : "Nobody is connected."}
      sorting={{ by: SORTS, current: sort, sort: (by) => show({ sort: by as Sort }) }}
      tools={<Tools />}
      rows={(found?.sessions ?? []).map((each) => ({
        key: each.id,
        cells: [
          <bdi title={each.id}>{each.username}</bdi>,
          duration(each.age),
          whole(each.topics),
          rate(each.received),
          rate(each.sent),
          bytes(each.waiting),
          `${duration(each.silent)} ago`,
          <Actions session={each} />,
        ],
      }))}
    />
  );
}

function Tools() {
  const { search, skip, limit } = query.value;
  const total = sessions.value?.total ?? 0;
  const last = Math.min(skip + limit, total);
  return (
    <div class="table-tools">
      <label class="field">
        <span class="visually-hidden">Search by user name</span>
        <input type="search" placeholder="User name" value={search} onInput={(event) => show({ search: event.currentTarget.value })} />
      </label>
      <span class="quiet">{total ? `${whole(skip + 1)} to ${whole(last)} of ${whole(total)}` : ""}</span>
      {total > limit && (
        <span>
          <button class="button" disabled={skip === 0} onClick={() => show({ skip: Math.max(0, skip - limit) })}>
            Back
          </button>{" "}
          <button class="button" disabled={last >= total} onClick={() => show({ skip: skip + limit })}>
            More
          </button>
        </span>
      )}
    </div>
  );
}

function Actions({ session }: { session: SessionFigures }) {
  const sure = useSignal(false);
  const { actor, username } = session;
  return (
    <span class="row-actions">
      <button
        class="button"
        aria-pressed={traced.value?.actor === actor}
        aria-label={`Follow the frames of ${username}`}
        onClick={() => trace(actor, username)}
      >
        Follow
      </button>
      <button
        class={sure.value ? "button danger is-asking" : "button danger"}
        aria-label={sure.value ? `Close this connection of ${username}?` : `Close this connection of ${username}`}
        onBlur={() => (sure.value = false)}
        onClick={() => {
          if (sure.value) void closeSession(session.id);
          sure.value = !sure.value;
        }}
      >
        {sure.value ? "Close it?" : "Close"}
      </button>
    </span>
  );
}
