import "./Banner.css";
import type { Announcement } from "hubbub";
import { useSignal } from "@preact/signals";
import { acknowledge, banners, moment, see } from "../../state/announcements";
import { timeLeft } from "../../state/banners";
import { messageOf } from "../../state/current";
import { addressOf, follow, pathOf } from "../../state/route";
import { Icon } from "../Icon";
import { LevelIcon } from "./LevelIcon";

/** What is announced across the page: the gravest of it, and how much more there is. */
export function Banner() {
  const [first, ...others] = banners.value;
  return (
    <div role="status">
      {first && <Announced key={first.id} announcement={first} others={others.length} />}
    </div>
  );
}

function Announced({ announcement, others }: { announcement: Announcement; others: number }) {
  const problem = useSignal<string | null>(null);
  const url = addressOf(announcement.link);
  const attempt = (work: Promise<void>) => {
    problem.value = null;
    work.catch((error: unknown) => (problem.value = messageOf(error)));
  };
  return (
    <div class={`banner is-${announcement.level}`}>
      <LevelIcon level={announcement.level} announced />
      <div class="banner-text">
        <p class="banner-title">
          <bdi>{announcement.title}</bdi>
          <Countdown to={announcement.counts_to} />
        </p>
        {announcement.body && <p dir="auto">{announcement.body}</p>}
        {problem.value && <p role="alert">{problem.value}</p>}
      </div>
      <div class="banner-actions">
        {others > 0 && (
          <a class="link-button banner-others" href={pathOf({ view: "notifications" })}>
            {others} more
          </a>
        )}
        {url && (
          <a
            class="link-button"
            href={url.href}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              follow(url);
            }}
          >
            Open
          </a>
        )}
        {announcement.acknowledge ? (
          <button class="button" onClick={() => attempt(acknowledge(announcement))}>
            Acknowledge
          </button>
        ) : (
          <button
            class="icon-button"
            aria-label={`Dismiss: ${announcement.title}`}
            onClick={() => attempt(see(announcement))}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}

/** How long it is until then. The clock runs for the eye: a screen reader hears the time when it comes there. */
function Countdown({ to }: { to: string | null }) {
  if (!to) return null;
  const left = timeLeft(Date.parse(to) - moment.value);
  return (
    <span class="banner-clock" role="timer" aria-live="off">
      {left ? ` in ${left}` : " now"}
    </span>
  );
}
