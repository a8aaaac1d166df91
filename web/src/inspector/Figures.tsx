import "./Figures.css";
import { history, totals } from "./state";
import { bytes, milliseconds, rate, whole } from "./words";

/** The totals, and how the rates have gone in the last minute. */
export function Figures() {
  const all = totals.value;
  if (!all) return null;
  const past = history.value;
  return (
    <section aria-label="Totals">
      <dl class="figures">
        <Figure name="Sessions" value={whole(all.sessions)} />
        <Figure name="Topics" value={whole(all.topics)} />
        <Figure name="Subscriptions" value={whole(all.subscriptions)} />
        <Figure name="Waiting" value={bytes(all.waiting)} note={all.slow ? `${whole(all.slow)} slow` : ""} />
        <Figure name="Frames in, a second" value={rate(all.received)} line={past.map((each) => each.received)} />
        <Figure name="Events, a second" value={rate(all.events)} line={past.map((each) => each.events)} />
        <Figure name="Deliveries, a second" value={rate(all.deliveries)} line={past.map((each) => each.deliveries)} />
        <Figure name="Event loop late" value={milliseconds(all.lag)} line={past.map((each) => each.lag)} />
      </dl>
    </section>
  );
}

function Figure({ name, value, note = "", line }: { name: string; value: string; note?: string; line?: readonly number[] }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        {value}
        {note && <span class="figure-note"> {note}</span>}
        {line && <Line values={line} />}
      </dd>
    </div>
  );
}

const WIDTH = 120;
const HEIGHT = 28;
const SECONDS = 60;

/** The last minute; for the eye only, the value stands above it. */
function Line({ values }: { values: readonly number[] }) {
  const most = Math.max(...values, 1e-9);
  const step = WIDTH / (SECONDS - 1);
  const begin = SECONDS - values.length;
  const points = values.map((value, index) => {
    const x = (begin + index) * step;
    const y = HEIGHT - 1 - (value / most) * (HEIGHT - 2);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg class="figure-line" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
