import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import {
  HubbubError,
  type AnyEvent,
  type Conversation,
  type HistoryPage,
  type Person,
  type Position,
  type QueuedCommand,
  type Subscription,
} from "hubbub";
import { client, queue, status } from "./connection";
import { conversations } from "./inbox";
import {
  NO_MESSAGES,
  withDeleted,
  withLatest,
  withPage,
  withSent,
  withoutHidden,
  type Messages,
} from "./messages";
import { stillTyping, withTyping, withoutTypist, type Typists } from "./typists";

/** `gone`: it doesn't exist, or one may not see it; the server doesn't say which. */
export type Loading = "loading" | "ready" | "gone" | "failed";

const TYPING_PAUSE_MS = 4000;
/** Messages that are asked for at once while one scrolls back. */
const EARLIER = 100;

/** What is known of a conversation without its events: at `position` these were its latest messages. */
export interface Remembered {
  page: HistoryPage;
  position: Position;
  /** Where one was in the log; null at its end. */
  place?: Place | null;
}

/** A place in the log: how far the message of a number stands below the log's upper edge, in pixels. */
export interface Place {
  number: number;
  below: number;
}

/** One conversation on the screen: what it shows, and what can be done in it. */
export class OpenConversation {
  readonly topic: string;
  readonly id: number;
  readonly loading = signal<Loading>("loading");
  readonly messages = signal<Messages>(NO_MESSAGES);
  readonly typists = signal<Typists>(new Map());
  /** Whether earlier messages are on their way, or could not be read. */
  readonly earlier = signal<"idle" | "loading" | "failed">("idle");
  /** The first message that was unread when one came; null where none was. */
  readonly unreadFrom = signal<number | null>(null);
  /** What stands in the field, kept while one looks elsewhere. */
  /** Where one was in the log when one left it; null at its end. */
  place: Place | null;
  /** The user's messages that are on their way or have failed, oldest first. */
  readonly outgoing: ReadonlySignal<readonly QueuedCommand[]>;

  #subscription: Subscription;
  #stops: (() => void)[] = [];
  #typing = false;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #reading = 0;
  #looked = false;
  #loads = 0;

  constructor({ topic, id, unread, read_number }: Conversation, known?: Remembered) {
    this.topic = topic;
    this.id = id;
    this.place = known?.place ?? null;
    if (unread > 0) this.unreadFrom.value = read_number + 1;
    if (known) {
      this.messages.value = withPage(NO_MESSAGES, known.page);
      this.loading.value = "ready";
    }
    this.outgoing = computed(() =>
      queue.value.filter(
        (command) =>
          command.type === "chat.send" &&
          command.topic === topic &&
          !this.messages.value.arrived.has(command.data.client_id),
      ),
    );
    this.#subscription = client.subscribe(topic, {
      // What was known at just this position is all there is.
      onLive: (position) => {
        if (!known || !isSame(known.position, position)) void this.load();
        known = undefined;
      },
      onEvent: (event) => this.#apply(event),
      onReset: () => this.reload(),
      onEnd: () => (this.loading.value = "gone"),
    });
    this.#stops.push(
      client.on("event", (event) => {
        if (event.type === "chat.message_hidden" && event.data.conversation_id === id) {
          this.messages.value = withoutHidden(this.messages.value, event.data.message_id);
        }
      }),
      // A message that an earlier page queued has no promise here to wait for its reply.
      client.on("replied", ({ command, reply }) => {
        if (command.topic === topic && command.type === "chat.send") this.#sent(command.data.client_id, reply);
      }),
      effect(() => this.#readWhenSeen()),
    );
    const timer = setInterval(() => (this.typists.value = stillTyping(this.typists.value, Date.now())), 5000);
    this.#stops.push(() => clearInterval(timer));
  }

  /** Leave it. Returns what is known of it; null while that isn't sure. */
  close(): Remembered | null {
    this.setTyping(false);
    const { position } = this.#subscription;
    this.#subscription.unsubscribe();
    for (const stop of this.#stops) stop();
    if (this.loading.value !== "ready" || !position || this.#loads > 0) return null;
    const { list, more } = this.messages.value;
    return { page: { messages: [...list], more }, position, place: this.place };
  }

  /** What is known may be wrong: drop it and read anew. */
  reload(): void {
    const { hidden, deleted } = this.messages.value;
    this.messages.value = { ...NO_MESSAGES, hidden, deleted };
    this.loading.value = "loading";
    void this.load();
  }

  /** Read the latest messages. */
  async load(): Promise<void> {
    this.#loads += 1;
    try {
      const page = await client.command("chat.history", this.topic, {});
      this.messages.value = withLatest(this.messages.value, page);
      this.loading.value = "ready";
    } catch (error) {
      if (this.loading.value !== "loading") return; // What is shown is still true.
      const temporary = error instanceof HubbubError && error.temporary;
      this.loading.value = temporary ? "failed" : "gone";
    } finally {
      this.#loads -= 1;
    }
  }

  /** Read what came before; nothing where that is under way, or where there is nothing before. */
  async loadEarlier(): Promise<void> {
    const before = this.messages.value.list[0]?.number;
    if (before === undefined || !this.messages.value.more || this.earlier.value === "loading") return;
    this.earlier.value = "loading";
    try {
      const page = await client.command("chat.history", this.topic, { before, limit: EARLIER });
      this.messages.value = withPage(this.messages.value, page);
      this.earlier.value = "idle";
    } catch {
      this.earlier.value = "failed";
    }
  }

  /** Read back to where the unread messages begin. */
  async loadUnread(): Promise<void> {
    const from = this.unreadFrom.value ?? Infinity;
    while ((this.messages.value.list[0]?.number ?? 0) > from && this.messages.value.more) {
      await this.loadEarlier();
      if (this.earlier.value !== "idle") return;
    }
  }

  /** Send a message: it is shown at once, and goes out when it can. */
  send(content: string): void {
    this.setTyping(false);
    this.unreadFrom.value = null;
    const clientId = crypto.getRandomValues(new Uint32Array(4)).join("-");
    client
      .command("chat.send", this.topic, { content, client_id: clientId }, { queue: true, keepFailed: true })
      .then((reply) => this.#sent(clientId, reply))
      .catch(() => {
        // It stays in `outgoing`, with the reason.
      });
  }

  retry(command: QueuedCommand): void {
    client.retry(command.key);
  }

  discard(command: QueuedCommand): void {
    client.discard(command.key);
  }

  /** Delete a message for the user alone. Rejects with a HubbubError. */
  async hide(messageId: number): Promise<void> {
    await client.command("chat.hide", this.topic, { message_id: messageId });
    this.messages.value = withoutHidden(this.messages.value, messageId);
  }

  /** Say that the user is typing; a pause says by itself that it is over. */
  setTyping(typing: boolean): void {
    clearTimeout(this.#typingTimer);
    if (typing) this.#typingTimer = setTimeout(() => this.setTyping(false), TYPING_PAUSE_MS);
    if (typing === this.#typing) return;
    this.#typing = typing && client.tell("chat.typing", this.topic, { is_typing: true });
    if (!typing) client.tell("chat.typing", this.topic, { is_typing: false });
  }

  #apply(event: AnyEvent): void {
    if (event.type === "chat.message_sent") {
      this.messages.value = withSent(this.messages.value, event.data);
      this.typists.value = withoutTypist(this.typists.value, event.data.message.sender.id);
    } else if (event.type === "chat.message_deleted") {
      this.messages.value = withDeleted(this.messages.value, event.data.message_id);
    } else if (event.type === "chat.typing" && !isMe(event.data.user)) {
      this.typists.value = withTyping(this.typists.value, event.data, Date.now());
    }
  }

  #sent(clientId: string, reply: unknown): void {
    const { message } = reply as { message: Parameters<typeof withSent>[1]["message"] };
    this.messages.value = withSent(this.messages.value, { message, client_id: clientId });
  }

  /** Move the read cursor when there is something unread and the page is looked at; once in any case. */
  #readWhenSeen(): void {
    const mine = conversations.value?.find(({ topic }) => topic === this.topic);
    const last = this.messages.value.list.at(-1)?.number ?? 0;
    if (!mine || !visible.value || status.value !== "online") return;
    if (this.#looked && (mine.unread === 0 || last <= this.#reading)) return;
    this.#looked = true;
    this.#reading = last;
    client.command("chat.read", this.topic, { number: last }).catch(() => {
      this.#reading = 0;
      this.#looked = false;
    });
  }
}

function isSame(one: Position, other: Position): boolean {
  return one.epoch === other.epoch && one.offset === other.offset;
}

function isMe(person: Person): boolean {
  return person.id === client.user?.id;
}

const visible = signal(document.visibilityState === "visible");
document.addEventListener("visibilitychange", () => (visible.value = document.visibilityState === "visible"));
