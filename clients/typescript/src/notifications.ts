import { guarded } from "./emitter.js";
import type { AnyEvent } from "./frames.js";
import type { Commands, Notification, NotificationPage, Person, Preferences, QuietHours } from "./generated.js";
import type { CommandOptions } from "./options.js";
import type { Subscription, SubscriptionHandlers } from "./subscription.js";

/** One's notifications as far as they are known. */
export interface NotificationState {
  /** The latest first, and what was loaded beyond them; null before the server has told. */
  list: readonly Notification[] | null;
  /** How many are unread in all, also of those that aren't in the list. */
  unread: number;
  /** Whether there may be earlier ones: `loadEarlier` gets them. */
  more: boolean;
}

/** What notifications need of the client. */
export interface NotificationsHome {
  readonly user: Person | null;
  subscribe(topic: string, handlers: SubscriptionHandlers): Subscription;
  command<K extends keyof Commands>(
    type: K,
    topic: Commands[K]["topic"],
    data: Commands[K]["data"],
    options?: CommandOptions,
  ): Promise<Commands[K]["reply"]>;
}

/** How many are in a snapshot, and in a page of earlier ones. */
const PAGE = 30;

const NOTHING: NotificationState = { list: null, unread: 0, more: false };

/** What happened for oneself: followed over any number of connections, marked on one device and so on all. */
export class Notifications {
  #client: NotificationsHome;
  #state = NOTHING;
  #followers = new Set<(state: NotificationState) => void>();
  #subscription: Subscription | null = null;
  #user: Person["id"] | null = null;

  /** @internal */
  constructor(client: NotificationsHome) {
    this.#client = client;
  }

  /** How they stand, as far as it is known: another object after each change. Known only while somebody follows. */
  get state(): NotificationState {
    return this.#state;
  }

  /** Follow them: `changed` is called with how they stand, and again after each change. Returns a function that ends this. */
  follow(changed: (state: NotificationState) => void): () => void {
    this.#followers.add(changed);
    this.ready();
    return () => {
      if (this.#followers.delete(changed) && this.#followers.size === 0) this.forget();
    };
  }

  /** Mark these read, or unread. Rejects with a HubbubError, as all that follow. */
  async mark(ids: readonly number[], read = true): Promise<void> {
    await this.#client.command("notifications.mark", null, { ids: [...ids], read });
  }

  /** Mark all read that the list shows, and all before them; one that comes at this moment stays unread. */
  async markAll(): Promise<void> {
    const [newest] = this.#state.list ?? [];
    if (newest) await this.#client.command("notifications.mark_all", null, { up_to: newest.number });
  }

  /** Those before the number `before`; without it the latest. */
  history(before: number | null = null, limit = PAGE): Promise<NotificationPage> {
    return this.#client.command("notifications.history", null, { before, limit });
  }

  /** Get earlier ones into the list. */
  async loadEarlier(): Promise<void> {
    const last = this.#state.list?.at(-1);
    const subscription = this.#subscription;
    if (!last) return;
    const { notifications, more } = await this.history(last.number);
    const { list } = this.#state;
    // It may be another's meanwhile, or begin anew.
    if (subscription !== this.#subscription || list?.at(-1)?.id !== last.id) return;
    const known = new Set(list.map(({ id }) => id));
    this.#learn({ ...this.#state, list: [...list, ...notifications.filter(({ id }) => !known.has(id))], more });
  }

  /** By which channels one hears of which kinds, and when it is to be quiet. */
  preferences(): Promise<Preferences> {
    return this.#client.command("notifications.preferences", null, {});
  }

  /** Hear of a kind by a channel, or no longer. */
  setPreference(kind: string, channel: string, on: boolean): Promise<Preferences> {
    return this.#client.command("notifications.set_preference", null, { kind, channel, on });
  }

  /** Be quiet between two times of the day, `22:00` and `07:00` in `Europe/Vienna`; never, where they are null. */
  setQuietHours(hours: QuietHours): Promise<Preferences> {
    return this.#client.command("notifications.set_quiet_hours", null, hours);
  }

  /** @internal The server has said who this is. */
  ready(): void {
    const user = this.#client.user?.id ?? null;
    if (user !== this.#user) this.forget();
    this.#user = user;
    if (user === null || this.#followers.size === 0 || this.#subscription) return;
    this.#subscription = this.#client.subscribe(`notifications.${user}`, {
      snapshot: true,
      onSnapshot: (snapshot) => {
        const { notifications, unread } = snapshot as { notifications: Notification[]; unread: number };
        this.#learn({ list: notifications, unread, more: notifications.length >= PAGE });
      },
      onReset: () => {},
      onEvent: (event) => this.#learn(afterNotification(this.#state, event)),
      // A server without notifications, for example.
      onEnd: () => (this.#subscription = null),
    });
  }

  /** @internal These were another user's, or nobody follows them. */
  forget(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
    if (this.#state !== NOTHING) this.#learn(NOTHING);
  }

  #learn(state: NotificationState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const changed of [...this.#followers]) guarded(() => changed(state));
  }
}

/** How one's notifications stand after an event; one that changes nothing gives the same object. */
function afterNotification(state: NotificationState, event: AnyEvent): NotificationState {
  const list = state.list ?? [];
  switch (event.type) {
    case "notifications.notified": {
      const { notification, unread } = event.data;
      // One that stands for several comes again, on top.
      return { ...state, list: [notification, ...list.filter(({ id }) => id !== notification.id)], unread };
    }
    case "notifications.changed": {
      const { notification, unread } = event.data;
      return { ...state, list: list.map((each) => (each.id === notification.id ? notification : each)), unread };
    }
    case "notifications.marked": {
      const { read, unread, up_to } = event.data;
      const ids = new Set(event.data.ids);
      const meant = ({ id, number }: Notification) => ids.has(id) || (up_to !== null && number <= up_to);
      return { ...state, list: list.map((each) => (meant(each) ? { ...each, read } : each)), unread };
    }
    case "notifications.withdrawn": {
      const gone = new Set(event.data.ids);
      return { ...state, list: list.filter(({ id }) => !gone.has(id)), unread: event.data.unread };
    }
    default:
      return state;
  }
}
