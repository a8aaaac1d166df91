import "./Trace.css";
import { useEffect, useRef } from "preact/hooks";
import { frames, framesMissed, stopTrace, trace, traced, traceLeft } from "./state";
import { Table } from "./Table";
import { bytes, clock, duration, whole } from "./words";

/** One person's frames, the newest first. What they say is not among it. */
export function Trace() {
  const whose = traced.value;
  const part = useRef<HTMLDivElement>(null);
  const actor = whose?.actor;
  // It begins above what was pressed, maybe out of sight; where it is over one goes on where one was.
  useEffect(() => {
    const before = document.activeElement;
    part.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [actor]);
  if (!whose) return null;
  const left = traceLeft.value;
  const missed = framesMissed.value;
  return (
    <div class="trace" ref={part} tabIndex={-1}>
      <Table
        title={`Frames of ${whose.name}`}
        note="Types, topics, times and sizes only. What people write is not shown."
        columns={["Time", "From", "Type", "Topic", "About", "Size", "Session"]}
        numbers={[5]}
        scrolls
        empty={left === null ? "Nothing came." : "Nothing yet."}
        tools={
          <div class="table-tools">
            <span class="quiet">
              {left === null ? "It has ended." : `It ends by itself in ${duration(left)}.`}
              {missed > 0 && ` ${whole(missed)} more frames were too many to show.`}
            </span>
            {left === null && (
              <button class="button" onClick={() => trace(whose.actor, whose.name)}>
                Again
              </button>
            )}
            <button class="button" onClick={stopTrace}>
              {left === null ? "Hide" : "Stop"}
            </button>
          </div>
        }
        rows={[...frames.value].reverse().map((each) => ({
          key: String(each.number),
          cells: [
            <time dateTime={each.at}>{clock(each.at)}</time>,
            each.direction === "in" ? "client" : "server",
            each.type,
            each.topic,
            each.about ?? "",
            bytes(each.bytes),
            <span title={each.session}>{each.session.slice(0, 8)}</span>,
          ],
        }))}
      />
    </div>
  );
}
