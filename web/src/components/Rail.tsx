import "./Rail.css";
import { account } from "../state/account";
import { bellCount } from "../state/bell";
import { unreadTotal } from "../state/inbox";
import { nameOf } from "../state/people";
import { own } from "../state/presence";
import { pathOf, route, type Route } from "../state/route";
import { Avatar } from "./Avatar";
import { Icon, type IconName } from "./Icon";
import { Mark } from "./Mark";

/** The spaces of hubbub, and oneself. */
export function Rail() {
  const user = account.value;
  const { view } = route.value;
  return (
    <nav class="rail" aria-label="Spaces">
      <Mark />
      <Space to={{ view: "list" }} icon="chats" current={view === "list" || view === "conversation" || view === "new"}>
        Chats
        {unreadTotal.value > 0 && <span class="rail-dot" />}
        {unreadTotal.value > 0 && <span class="visually-hidden">, {unreadTotal.value} unread</span>}
      </Space>
      <Space to={{ view: "rooms" }} icon="rooms" current={view === "rooms" || view === "room"}>
        Rooms
      </Space>
      <Space to={{ view: "notifications" }} icon="bell" current={view === "notifications"}>
        Notifications
        {bellCount.value > 0 && (
          <span class="rail-count">
            <span aria-hidden="true">{bellCount.value > 99 ? "99+" : bellCount.value}</span>
            <span class="visually-hidden">, {bellCount.value} unread</span>
          </span>
        )}
      </Space>
      {user && (
        <a
          class="rail-item rail-you"
          href={pathOf({ view: "settings", section: null })}
          aria-current={view === "settings" ? "page" : undefined}
        >
          <span class={own.value?.invisible ? "rail-face is-invisible" : "rail-face"}>
            <Avatar person={user} letter={Array.from(nameOf(user))[0] ?? "?"} />
          </span>
          <span>
            Settings
            {own.value?.invisible && <span class="visually-hidden">, you appear offline</span>}
          </span>
        </a>
      )}
    </nav>
  );
}

interface SpaceProps {
  to: Route;
  icon: IconName;
  current: boolean;
  children: preact.ComponentChildren;
}

function Space({ to, icon, current, children }: SpaceProps) {
  return (
    <a class="rail-item" href={pathOf(to)} aria-current={current ? "page" : undefined}>
      <Icon name={icon} />
      <span>{children}</span>
    </a>
  );
}
