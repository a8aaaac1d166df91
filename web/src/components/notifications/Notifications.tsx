import "./Notifications.css";
import { useEffect } from "preact/hooks";
import { mayAskForAlerts } from "../../state/alerts";
import {
  bellCount,
  bellProblem,
  loadEarlierNews,
  loadingEarlier,
  markAllNews,
  news,
} from "../../state/bell";
import { now } from "../../state/clock";
import { byDay, type News } from "../../state/news";
import { moreNotifications, unreadNotifications } from "../../state/notifications";
import { pathOf, route } from "../../state/route";
import { stepByArrows } from "../arrows";
import { useKeptScroll } from "../keptScroll";
import { Skeleton } from "../Skeleton";
import { NewsRow } from "./NewsRow";

/** What happened for oneself and what is announced, by days. */
export function Notifications() {
  const current = route.value;
  const unreadOnly = current.view === "notifications" && current.unread === true;
  useEffect(() => void (mayAskForAlerts.value = true), []);
  return (
    <div class="notifications">
      <header class="pane-header">
        <h1>Notifications</h1>
        <button class="button notifications-all" disabled={bellCount.value === 0} onClick={markAllNews}>
          Mark all read
        </button>
      </header>
      <nav class="notifications-filter" aria-label="Which notifications">
        <a href={pathOf({ view: "notifications" })} aria-current={unreadOnly ? undefined : "page"}>
          All
        </a>
        <a href={pathOf({ view: "notifications", unread: true })} aria-current={unreadOnly ? "page" : undefined}>
          Unread {bellCount.value > 0 && <span class="notifications-count">{bellCount.value}</span>}
        </a>
      </nav>
      {bellProblem.value && (
        <p class="problem" role="alert">
          {bellProblem.value}
        </p>
      )}
      {news.value ? (
        <List all={news.value} unreadOnly={unreadOnly} />
      ) : (
        <Skeleton label="Loading notifications" rows={5} />
      )}
    </div>
  );
}

function List({ all, unreadOnly }: { all: readonly News[]; unreadOnly: boolean }) {
  const box = useKeptScroll<HTMLDivElement>("notifications");
  const shown = unreadOnly ? all.filter(({ unread }) => unread) : all;
  // Of the unread all may be here, however many there are before them.
  const missing = unreadOnly ? shown.filter(({ notification }) => notification).length < unreadNotifications.value : true;
  const more = moreNotifications.value && missing;
  return (
    <div class="notifications-list" ref={box} onKeyDown={stepByArrows}>
      {shown.length === 0 && !more && <Empty unreadOnly={unreadOnly} />}
      {byDay(shown, now.value).map(({ day, news: list }) => (
        <section key={day} aria-label={day}>
          <h2 class="notifications-day">{day}</h2>
          <ul>
            {list.map((each) => (
              <NewsRow key={keyOf(each)} each={each} />
            ))}
          </ul>
        </section>
      ))}
      {more && (
        <button class="button notifications-more" disabled={loadingEarlier.value} onClick={loadEarlierNews}>
          Load earlier
        </button>
      )}
    </div>
  );
}

function keyOf({ notification, announcement }: News): string {
  return notification ? `n${notification.id}` : `a${announcement!.id}`;
}

function Empty({ unreadOnly }: { unreadOnly: boolean }) {
  return (
    <div class="notifications-empty">
      <p>{unreadOnly ? "Nothing is unread." : "No notifications yet."}</p>
      <p class="quiet">
        {unreadOnly ? (
          <a href={pathOf({ view: "notifications" })}>Show all</a>
        ) : (
          <>
            What concerns you comes here. You choose what that is in the{" "}
            <a href={pathOf({ view: "settings", section: "notifications" })}>settings</a>.
          </>
        )}
      </p>
    </div>
  );
}
