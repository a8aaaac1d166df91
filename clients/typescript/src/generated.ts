// Written by `hubbub schema` from the messages that the server knows. Don't edit it by hand.

/** Every command: its data, its reply, and whether it needs a topic. */
export interface Commands {
  /** Acknowledge an announcement that asks for it. Once more is no error. */
  "announcements.acknowledge": { data: AcknowledgeAnnouncement; reply: Record<string, never>; topic: null };
  /** Say that one has seen all announcements up to this `number`. It never goes back. */
  "announcements.see": { data: SeeAnnouncements; reply: SeenReply; topic: null };
  /**
   * Follow all audiences that one is in, also those joined later, with what happened after `since`.
   */
  "announcements.subscribe": { data: SubscribeAnnouncements; reply: AnnouncementFeed; topic: null };
  /** Replace the session's access token before it expires (rule AUT-3). */
  "auth.refresh": { data: Refresh; reply: RefreshReply; topic: null };
  /**
   * Start a conversation with the users of these names. One name and no title: a direct one, found
   * or made.
   */
  "chat.create": { data: Create; reply: ConversationReply; topic: null };
  /** Delete a message for oneself only. */
  "chat.hide": { data: Hide; reply: Record<string, never>; topic: string };
  /** Read messages before the number `before` (without it, the latest). */
  "chat.history": { data: History; reply: HistoryPage; topic: string };
  /** Find the room of a name, make it if it is new, and learn its topic. */
  "chat.join_room": { data: JoinRoom; reply: ConversationReply; topic: null };
  /** Leave a group conversation. */
  "chat.leave": { data: Leave; reply: Record<string, never>; topic: string };
  /** Move the read cursor to the message `number` (without it, to the last). It never goes back. */
  "chat.read": { data: MarkRead; reply: ReadReply; topic: string };
  /** Send a message to the conversation `topic`. */
  "chat.send": { data: Send; reply: MessageReply; topic: string };
  /** Say that one is typing, or no longer. The others are told on change only. */
  "chat.typing": { data: SetTyping; reply: Record<string, never>; topic: string };
  /** Follow all one's conversations, also those joined later, with what happened after `since`. */
  "inbox.subscribe": { data: SubscribeInbox; reply: Inbox; topic: null };
  /** Close one connection 1012, in whichever process it is. Its client may come back at once. */
  "inspect.close": { data: CloseSession; reply: Record<string, never>; topic: null };
  /** List connections of this process, a page at a time. */
  "inspect.sessions": { data: ListSessions; reply: SessionPage; topic: null };
  /** Read notifications before the `number` given (without it, the latest). */
  "notifications.history": { data: NotificationHistory; reply: NotificationPage; topic: null };
  /**
   * Mark some notifications as read, or as unread. Ids that are none of one's own are passed over.
   */
  "notifications.mark": { data: MarkNotifications; reply: UnreadNotifications; topic: null };
  /** Mark all as read up to the one with the `number` that is given (without it, all). */
  "notifications.mark_all": { data: MarkAllNotifications; reply: UnreadNotifications; topic: null };
  /** Read one's preferences. */
  "notifications.preferences": { data: ReadPreferences; reply: Preferences; topic: null };
  /**
   * Say whether one wants a kind by a channel. Without the channel `site` it doesn't come at all.
   */
  "notifications.set_preference": { data: SetPreference; reply: Preferences; topic: null };
  /** Set one's quiet hours; with `begins` and `ends` null there are none. */
  "notifications.set_quiet_hours": { data: SetQuietHours; reply: Preferences; topic: null };
  /**
   * Say that a page which somebody is looking at shows the notifications up to a `number`: they are
   * not pushed.
   */
  "notifications.shown": { data: NotificationsShown; reply: Record<string, never>; topic: null };
  /**
   * Say how it is on this device, or whether to appear offline. Replied with one's own presence.
   *
   * A device whose client says nothing is online two seconds after it has connected.
   */
  "presence.set": { data: SetPresence; reply: Presence; topic: null };
  /**
   * Look at these users, and at nobody else any longer. What changes follows as `presence.changed`.
   *
   * Whom one may not see is left out, as if there were no such user. One may look at oneself.
   */
  "presence.watch": { data: Watch; reply: Watched; topic: null };
  /** Follow a topic, from the envelope's `since` on or from now on. */
  "subscribe": { data: Subscribe; reply: SubscribeReply; topic: string };
  /** Follow a topic no longer. */
  "unsubscribe": { data: Unsubscribe; reply: Record<string, never>; topic: string };
}

/** Every event: its data. */
export interface Events {
  /** The user has acknowledged an announcement. */
  "announcements.acknowledged": AnnouncementAcknowledged;
  /** Something new is said to the audience. */
  "announcements.announced": AnnouncementMade;
  /** An announcement says something else now. Who has seen or acknowledged it, has. */
  "announcements.changed": AnnouncementChanged;
  /**
   * The user is in another audience from now on. Its topic's events after `position` follow by
   * themselves.
   */
  "announcements.joined": AudienceJoined;
  /** The user is not in an audience any more: what was said to it is not for the user. */
  "announcements.left": AudienceLeft;
  /** The user has seen all announcements up to this number. */
  "announcements.seen_up_to": AnnouncementsSeen;
  /** An announcement is not live any more. */
  "announcements.withdrawn": AnnouncementWithdrawn;
  /**
   * The user takes part in a conversation from now on; its events after `position` follow by
   * themselves where the inbox is followed.
   */
  "chat.conversation_added": ConversationAdded;
  /** The user has read the conversation up to the message `number`. */
  "chat.conversation_read": ConversationRead;
  /** The user takes no part in a conversation any more. */
  "chat.conversation_removed": ConversationRemoved;
  /** The group has another title. */
  "chat.conversation_renamed": ConversationRenamed;
  /** A message was deleted for everybody: its content is gone, its place stays. */
  "chat.message_deleted": MessageDeleted;
  /**
   * The user deleted a message for oneself. `last_message` is the last one that is left to the
   * user.
   */
  "chat.message_hidden": MessageHidden;
  /**
   * Somebody sent a message. `client_id` is the sender's, to match it with the one waiting there.
   */
  "chat.message_sent": MessageSent;
  /** Somebody left the conversation or was removed. */
  "chat.participant_removed": ParticipantRemoved;
  /** People were added to the conversation. */
  "chat.participants_added": ParticipantsAdded;
  /**
   * Somebody is typing, or no longer.
   *
   * Ephemeral: it may be lost.
   */
  "chat.typing": Typing;
  /**
   * Somebody entered the room.
   *
   * Ephemeral: it may be lost.
   */
  "chat.user_joined": UserJoined;
  /**
   * Somebody left the room.
   *
   * Ephemeral: it may be lost.
   */
  "chat.user_left": UserLeft;
  /**
   * The frames of one person's connections in the last second.
   *
   * Ephemeral: it may be lost.
   */
  "inspect.frames_seen": FramesSeen;
  /**
   * How a process does, once a second while somebody looks; each process has its own.
   *
   * Ephemeral: it may be lost.
   */
  "inspect.measured": Measured;
  /**
   * The time of a trace is over; subscribing again begins another.
   *
   * Ephemeral: it may be lost.
   */
  "inspect.trace_ended": TraceEnded;
  /**
   * A notification says less than it did, where it is: a message that it stood for was deleted.
   * Nobody is alerted.
   */
  "notifications.changed": NotificationChanged;
  /**
   * Notifications are read or unread now: those of `ids`, and all up to the number `up_to` where
   * that is set.
   */
  "notifications.marked": Marked;
  /**
   * A notification came, or one of a group was counted up: it has the same id, and stands on top
   * now.
   */
  "notifications.notified": Notified;
  /** Notifications are gone: expired, withdrawn by who sent them, or old. */
  "notifications.withdrawn": Withdrawn;
  /**
   * How users stand now whom one looks at and who have changed.
   *
   * Ephemeral: it may be lost.
   */
  "presence.changed": PresenceChanged;
  /**
   * A job is so far. At most ten times a second for each job, and nobody has to see them all.
   *
   * Ephemeral: it may be lost.
   */
  "progress.advanced": ProgressAdvanced;
  /**
   * A job has ended. One whose process was killed has `failed` after two minutes; should it run
   * after all, what came of it follows as a second end.
   */
  "progress.ended": ProgressEnded;
  /** A job has begun. */
  "progress.started": ProgressStarted;
}

/** Acknowledge an announcement that asks for it. Once more is no error. */
export interface AcknowledgeAnnouncement {
  id: number;
}

/**
 * Something said to an audience. It is live from `begins_at` until `expires_at`, or until it is
 * withdrawn.
 */
export interface Announcement {
  id: number;
  /** The order in which announcements began, over all audiences; what is later has a higher one. */
  number: number;
  /** The key of the audience, `team.3`; its topic is `audience.team.3`. */
  audience: string;
  title: string;
  body: string;
  level: "danger" | "info" | "success" | "warning";
  /** Where to read more: an address, or a path of this site. Empty for none. */
  link: string;
  /** Whether it is to be shown across the page, or only where notifications are. */
  banner: boolean;
  /** Whether everybody is asked to acknowledge it. */
  acknowledge: boolean;
  begins_at: string;
  /** To when a clock is to run beside it; null for none. */
  counts_to: string | null;
  /** From when on it is not to be shown any more; null: until it is withdrawn. No event tells. */
  expires_at: string | null;
  created_at: string;
  /** Whether the reader has seen it. In events, which are the same for all, always false. */
  seen: boolean;
  /** Whether the reader has acknowledged it. In events always false. */
  acknowledged: boolean;
}

/** The user has acknowledged an announcement. */
export interface AnnouncementAcknowledged {
  id: number;
}

/** An announcement says something else now. Who has seen or acknowledged it, has. */
export interface AnnouncementChanged {
  announcement: Announcement;
}

/** What is live for the user, and the position of every topic followed for it. */
export interface AnnouncementFeed {
  /** The latest first, 100 at most. */
  announcements: Announcement[];
  /** How many of them are neither seen nor acknowledged. */
  unread: number;
  positions: Record<string, Position>;
  /** Topics of `since` that could not be resumed; the feed has what is live all the same. */
  reset: string[];
}

/** Something new is said to the audience. */
export interface AnnouncementMade {
  announcement: Announcement;
}

/** An announcement is not live any more. */
export interface AnnouncementWithdrawn {
  id: number;
}

/** The user has seen all announcements up to this number. */
export interface AnnouncementsSeen {
  number: number;
  unread: number;
}

/**
 * The user is in another audience from now on. Its topic's events after `position` follow by
 * themselves.
 */
export interface AudienceJoined {
  audience: string;
  position: Position;
  /**
   * The latest of what is live there, 20 at most. An audience where nothing is, is joined without a
   * word.
   */
  announcements: Announcement[];
}

/** The user is not in an audience any more: what was said to it is not for the user. */
export interface AudienceLeft {
  audience: string;
}

/** Close one connection 1012, in whichever process it is. Its client may come back at once. */
export interface CloseSession {
  session: string;
}

/**
 * A conversation as one of its participants sees it.
 *
 * `unread` is `top_number - read_number`. With these two a client keeps it right in whatever order
 * the events of different topics come in.
 */
export interface Conversation {
  id: number;
  topic: string;
  kind: "direct" | "group" | "room";
  title: string;
  /** A room's name; null for other kinds. */
  name: string | null;
  /** Empty for a room, which anybody may enter. */
  participants: Person[];
  /** The last one that this participant has not deleted for oneself. */
  last_message: Message | null;
  /** The number of the last message. */
  top_number: number;
  /** The number of the last message that this participant has read. */
  read_number: number;
  unread: number;
  created_at: string;
  /** When the last message was sent, or the conversation was made: the order of the list. */
  active_at: string;
}

/**
 * The user takes part in a conversation from now on; its events after `position` follow by
 * themselves where the inbox is followed.
 */
export interface ConversationAdded {
  conversation: Conversation;
  position: Position;
}

/** The user has read the conversation up to the message `number`. */
export interface ConversationRead {
  conversation_id: number;
  number: number;
  unread: number;
}

/** The user takes no part in a conversation any more. */
export interface ConversationRemoved {
  conversation_id: number;
}

/** The group has another title. */
export interface ConversationRenamed {
  title: string;
}

/** The conversation, as the asker sees it. */
export interface ConversationReply {
  conversation: Conversation;
}

/**
 * Start a conversation with the users of these names. One name and no title: a direct one, found or
 * made.
 */
export interface Create {
  participants: string[];
  title?: string;
  client_id?: string | null;
}

/** One of a user's connections. */
export interface Device {
  /** Unique among the user's. */
  id: string;
  state: "away" | "online";
  /** Since when it is so. */
  since: string;
}

/** A frame, without what it says. */
export interface FrameSeen {
  at: string;
  session: string;
  /** As the server sees it: `in` is from the client. */
  direction: "in" | "out";
  type: string;
  topic: string;
  /** Of its text. */
  bytes: number;
  /** A reply's command, or an error's code. */
  about: string;
}

/** The frames of one person's connections in the last second. */
export interface FramesSeen {
  process: string;
  frames: FrameSeen[];
  /** How many more there were than are shown. */
  missed: number;
  /** Seconds until the trace ends by itself. */
  left: number;
}

/** Delete a message for oneself only. */
export interface Hide {
  message_id: number;
  client_id?: string | null;
}

/** Read messages before the number `before` (without it, the latest). */
export interface History {
  before?: number | null;
  limit?: number;
}

/** Messages, oldest first, and whether there are earlier ones. */
export interface HistoryPage {
  messages: Message[];
  more: boolean;
}

/** The user's conversations, newest first, and the position of every topic followed for them. */
export interface Inbox {
  conversations: Conversation[];
  positions: Record<string, Position>;
  /** Topics of `since` that could not be resumed: read them again. */
  reset: string[];
}

/** Find the room of a name, make it if it is new, and learn its topic. */
export interface JoinRoom {
  name: string;
}

/** A kind of notification, and by which channels one wants it. */
export interface KindPreference {
  kind: string;
  /** What people are shown. */
  label: string;
  channels: Record<string, boolean>;
}

/** Leave a group conversation. */
export type Leave = Record<string, never>;

/** List connections of this process, a page at a time. */
export interface ListSessions {
  /** A part of the user's name. */
  search?: string;
  /** The highest first. */
  sort?: "age" | "received" | "sent" | "silent" | "topics" | "waiting";
  skip?: number;
  limit?: number;
}

/** Mark all as read up to the one with the `number` that is given (without it, all). */
export interface MarkAllNotifications {
  up_to?: number | null;
}

/**
 * Mark some notifications as read, or as unread. Ids that are none of one's own are passed over.
 */
export interface MarkNotifications {
  ids: number[];
  read?: boolean;
}

/** Move the read cursor to the message `number` (without it, to the last). It never goes back. */
export interface MarkRead {
  number?: number | null;
}

/**
 * Notifications are read or unread now: those of `ids`, and all up to the number `up_to` where that
 * is set.
 */
export interface Marked {
  ids: number[];
  read: boolean;
  up_to: number | null;
  unread: number;
}

/** How a process does, once a second while somebody looks; each process has its own. */
export interface Measured {
  process: string;
  totals: Totals;
  /** Those for which most waits, at most twenty. */
  slow: SessionFigures[];
  /** Those with the highest rates, at most twenty. */
  busy: SessionFigures[];
  /** Those with the most events, then the most subscribers, at most twenty. */
  topics: TopicFigures[];
}

/** A message; `number` counts from 1 within its conversation. */
export interface Message {
  id: number;
  sender: Person;
  content: string;
  timestamp: string;
  number: number;
  /** Whether it was deleted for everybody: its content is empty then. */
  deleted: boolean;
}

/** A message was deleted for everybody: its content is gone, its place stays. */
export interface MessageDeleted {
  message_id: number;
}

/**
 * The user deleted a message for oneself. `last_message` is the last one that is left to the user.
 */
export interface MessageHidden {
  conversation_id: number;
  message_id: number;
  last_message: Message | null;
}

/** The message as it was saved, and its event's offset in the topic. */
export interface MessageReply {
  message: Message;
  offset: number;
}

/** Somebody sent a message. `client_id` is the sender's, to match it with the one waiting there. */
export interface MessageSent {
  message: Message;
  client_id: string | null;
}

/** A notification, as its user sees it. */
export interface Notification {
  id: number;
  /** Its place: it counts from 1 for each user, and the list begins with the highest. */
  number: number;
  kind: string;
  level: "danger" | "info" | "success" | "warning";
  title: string;
  body: string;
  /** A path or an address; empty for none. */
  link: string;
  actor: NotificationActor | null;
  /** How many it stands for. */
  count: number;
  data: Record<string, unknown>;
  created_at: string;
  read: boolean;
}

/** Who did what the notification tells of. */
export interface NotificationActor {
  id: number | string;
  username: string;
  first_name: string;
  last_name: string;
}

/**
 * A notification says less than it did, where it is: a message that it stood for was deleted.
 * Nobody is alerted.
 */
export interface NotificationChanged {
  notification: Notification;
  unread: number;
}

/** Read notifications before the `number` given (without it, the latest). */
export interface NotificationHistory {
  before?: number | null;
  limit?: number;
  /** Only those that are unread. */
  unread?: boolean;
}

/** Notifications, newest first, and whether there are earlier ones. */
export interface NotificationPage {
  notifications: Notification[];
  more: boolean;
}

/**
 * Say that a page which somebody is looking at shows the notifications up to a `number`: they are
 * not pushed.
 */
export interface NotificationsShown {
  number: number;
}

/**
 * A notification came, or one of a group was counted up: it has the same id, and stands on top now.
 */
export interface Notified {
  notification: Notification;
  unread: number;
  /**
   * Whether a page may show it by the browser's own means: the user's preferences and quiet hours
   * say so.
   */
  alert: boolean;
}

/** Somebody left the conversation or was removed. */
export interface ParticipantRemoved {
  user_id: number | string;
}

/** People were added to the conversation. */
export interface ParticipantsAdded {
  participants: Person[];
}

/** Who somebody is. A guest is `Anonymous` with id 0, the system `System` with id 0. */
export interface Person {
  id: number | string;
  username: string;
  first_name: string;
  last_name: string;
}

/** A place in a topic's stream: the client has seen everything up to and with `offset`. */
export interface Position {
  epoch: string;
  offset: number;
}

/** What one wants to be told of, and how. */
export interface Preferences {
  kinds: KindPreference[];
  quiet_hours: QuietHours;
}

/** Whether a user is there, and by which devices. */
export interface Presence {
  user_id: number | string;
  /** `online` where one of the devices is, `away` where all are. */
  state: "away" | "offline" | "online";
  /** When somebody who is away or offline was last there; null where this server does not know. */
  last_seen: string | null;
  devices: Device[];
  /** Of oneself: whether one appears offline to all others. Nobody is told it of anybody else. */
  invisible: boolean;
}

/** How users stand now whom one looks at and who have changed. */
export interface PresenceChanged {
  users: Presence[];
  /** Those whom one may see no longer. */
  gone: (number | string)[];
}

/** A job is so far. At most ten times a second for each job, and nobody has to see them all. */
export interface ProgressAdvanced {
  job: number;
  /** From 0 to 1. */
  fraction: number;
  message: string;
}

/**
 * A job has ended. One whose process was killed has `failed` after two minutes; should it run after
 * all, what came of it follows as a second end.
 */
export interface ProgressEnded {
  job: number;
  title: string;
  outcome: "done" | "failed";
  /** What came of it, in the job's own words. */
  message: string;
  /** Where that can be seen, a path of the site; empty where nowhere. */
  link: string;
}

/** A job has begun. */
export interface ProgressStarted {
  job: number;
  title: string;
  started_at: string;
}

/**
 * When one wants nothing but the list: no alerts, no pushes, and e-mail comes after. The level
 * `danger` passes.
 *
 * `begins` and `ends` are times of day in the time zone; both null for no quiet hours. They may go
 * past midnight.
 */
export interface QuietHours {
  begins: string | null;
  ends: string | null;
  /** As the IANA names it: `Europe/Berlin`. */
  timezone: string;
}

/** Read one's preferences. */
export type ReadPreferences = Record<string, never>;

/** Where the read cursor stands now, as a message number, and what is left. */
export interface ReadReply {
  number: number;
  unread: number;
}

/** An event as it stands in the reply to `subscribe`; its topic is the one subscribed to. */
export interface Recovered {
  type: string;
  data: Record<string, unknown>;
  offset: number | null;
}

/** Replace the session's access token before it expires (rule AUT-3). */
export interface Refresh {
  token: string;
}

/** Seconds until the new token expires; null if it never does. */
export interface RefreshReply {
  expires_in: number | null;
}

/** Say that one has seen all announcements up to this `number`. It never goes back. */
export interface SeeAnnouncements {
  up_to: number;
}

/** Up to which number everything is seen now, and how many are still unread. */
export interface SeenReply {
  number: number;
  unread: number;
}

/** Send a message to the conversation `topic`. */
export interface Send {
  /** 1 to 5,000 characters; white space around them is cut. */
  content: string;
  client_id?: string | null;
}

/** One connection. */
export interface SessionFigures {
  id: string;
  /** Whose it is, as in the topic of a trace: `u.<user id>`, or `g.` and an id of a guest. */
  actor: string;
  username: string;
  /** Seconds since it began. */
  age: number;
  /** Seconds since its client was last heard. */
  silent: number;
  /** How many it follows. */
  topics: number;
  /** Bytes that wait for it to read. */
  waiting: number;
  /** Frames a second that it sends. */
  received: number;
  /** Events a second of the topics that it follows. */
  sent: number;
}

/** Some of the sessions of the process that answers. */
export interface SessionPage {
  process: string;
  sessions: SessionFigures[];
  /** How many there are that match. */
  total: number;
}

/** Say whether one wants a kind by a channel. Without the channel `site` it doesn't come at all. */
export interface SetPreference {
  kind: string;
  channel: string;
  on: boolean;
}

/**
 * Say how it is on this device, or whether to appear offline. Replied with one's own presence.
 *
 * A device whose client says nothing is online two seconds after it has connected.
 */
export interface SetPresence {
  /** Of this device. */
  state?: "away" | "online" | null;
  /**
   * On all one's devices. It lasts as long as the server runs: a client that remembers it says it
   * again when it connects.
   */
  invisible?: boolean | null;
}

/** Set one's quiet hours; with `begins` and `ends` null there are none. */
export interface SetQuietHours {
  begins: string | null;
  ends: string | null;
  /** As the IANA names it: `Europe/Berlin`. */
  timezone?: string;
}

/** Say that one is typing, or no longer. The others are told on change only. */
export interface SetTyping {
  is_typing: boolean;
}

/** Follow a topic, from the envelope's `since` on or from now on. */
export interface Subscribe {
  /** Whether to have the topic's state at exactly the reply's position. */
  snapshot?: boolean;
}

/**
 * Follow all audiences that one is in, also those joined later, with what happened after `since`.
 */
export interface SubscribeAnnouncements {
  since?: Record<string, Position>;
}

/** Follow all one's conversations, also those joined later, with what happened after `since`. */
export interface SubscribeInbox {
  since?: Record<string, Position>;
}

/** Where the topic stands, and what happened since (rules SUB-1 and SUB-2). */
export interface SubscribeReply {
  /** Every event after it follows. */
  position: Position;
  /** Whether `events` are all that happened after `since`. */
  recovered: boolean;
  events: Recovered[];
  /** Why not: `epoch`, `too_old` or `too_far`. */
  reset: string | null;
  /** Where it was asked for: what the kind of the topic shows a new follower. */
  snapshot: Record<string, unknown> | null;
}

/** One topic. */
export interface TopicFigures {
  topic: string;
  subscribers: number;
  /** A second. */
  events: number;
}

/** One process. */
export interface Totals {
  sessions: number;
  topics: number;
  subscriptions: number;
  /** Bytes that wait for readers who do not keep up. */
  waiting: number;
  /** Sessions for which so much waits that they count as slow. */
  slow: number;
  /** Frames a second from clients. */
  received: number;
  /** Events a second. */
  events: number;
  /** The same for each subscriber, a second. */
  deliveries: number;
  /** By how many seconds the event loop was late, at most in the last second. */
  lag: number;
}

/** The time of a trace is over; subscribing again begins another. */
export interface TraceEnded {
  process: string;
}

/** Somebody is typing, or no longer. */
export interface Typing {
  user: Person;
  is_typing: boolean;
}

/** How many are unread now. */
export interface UnreadNotifications {
  unread: number;
}

/** Follow a topic no longer. */
export type Unsubscribe = Record<string, never>;

/** Somebody entered the room. */
export interface UserJoined {
  user: Person;
}

/** Somebody left the room. */
export interface UserLeft {
  user: Person;
}

/**
 * Look at these users, and at nobody else any longer. What changes follows as `presence.changed`.
 *
 * Whom one may not see is left out, as if there were no such user. One may look at oneself.
 */
export interface Watch {
  users: (number | string)[];
}

/** How those stand now whom one may see, in the order in which they were asked for. */
export interface Watched {
  users: Presence[];
}

/** Notifications are gone: expired, withdrawn by who sent them, or old. */
export interface Withdrawn {
  ids: number[];
  unread: number;
}
