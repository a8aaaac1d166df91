import "./NewsRow.css";
import type { Announcement, Notification } from "hubbub";
import { markNews, openNews } from "../../state/bell";
import { exactTime, now } from "../../state/clock";
import { countBeside, dayOf, type News } from "../../state/news";
import { nameOf } from "../../state/people";
import { addressOf } from "../../state/route";
import { Avatar } from "../Avatar";
import { Icon } from "../Icon";
import { TimeAgo } from "../TimeAgo";
import { LevelIcon } from "./LevelIcon";

/** One notification or announcement: who or what, where it leads, and whether it was read. */
export function NewsRow({ each }: { each: News }) {
  const { title, body, link, level } = (each.notification ?? each.announcement)!;
  const url = addressOf(link);
  const outside = url !== null && url.origin !== location.origin;
  const count = each.notification ? countBeside(each.notification) : null;
  const words = (
    <>
      <span class="news-title">
        {each.unread && <span class="visually-hidden">Unread: </span>}
        <bdi>{title}</bdi>
        {count && <span class="news-count"> {count}</span>}
      </span>
      {body && (
        <bdi class="news-body" dir="auto">
          {body}
        </bdi>
      )}
    </>
  );
  return (
    <li class={`news is-${level} ${each.unread ? "is-unread" : ""}`}>
      <Face each={each} />
      <div class="news-text">
        {url ? (
          <a
            class="news-link"
            href={url.href}
            {...(outside ? { target: "_blank", rel: "noopener noreferrer" } : {})}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey || outside) return each.unread && markNews(each, true);
              event.preventDefault();
              openNews(each);
            }}
          >
            {words}
          </a>
        ) : (
          <p class="news-link">{words}</p>
        )}
        <span class="news-when">
          {each.announcement ? "Announcement · " : ""}
          <When at={each.at} />
        </span>
      </div>
      <Marker each={each} title={title} />
    </li>
  );
}

/** Below the day that it was on, only the time of an earlier day is of interest. */
function When({ at }: { at: string }) {
  const time = Date.parse(at);
  if (dayOf(time, now.value) === "Today") return <TimeAgo at={at} />;
  return (
    <time dateTime={at} title={exactTime(time)}>
      {new Date(time).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}
    </time>
  );
}

/** Who did it, or how grave it is. */
function Face({ each }: { each: News }) {
  const { level } = (each.notification ?? each.announcement)! as Notification | Announcement;
  const actor = each.notification?.actor;
  if (!actor) {
    return (
      <span class="news-face">
        <LevelIcon level={level} announced={each.announcement !== undefined} />
      </span>
    );
  }
  return (
    <span class="news-face">
      <Avatar person={actor} letter={Array.from(nameOf(actor))[0] ?? "?"} />
      {level !== "info" && <LevelIcon level={level} />}
    </span>
  );
}

/** Marks it read, or unread again. */
function Marker({ each, title }: { each: News; title: string }) {
  // What is announced is seen up to a place: that is not taken back.
  if (each.announcement && !each.unread) return <span class="news-marker" />;
  const label = each.unread ? "Mark as read" : "Mark as unread";
  return (
    <button class="icon-button news-marker" aria-label={`${label}: ${title}`} title={label} onClick={() => markNews(each, each.unread)}>
      {each.unread ? <span class="news-dot" /> : <Icon name="sent" />}
    </button>
  );
}
