import type { BackoffOptions } from "./backoff.js";
import type { Calls } from "./calls.js";
import type { Environment } from "./environment.js";
import type { HubbubError } from "./errors.js";
import { Feed } from "./feed.js";
import type { AnyEvent, EventFrame } from "./frames.js";
import type { ConversationAdded, Inbox } from "./generated.js";
import type { Topics } from "./topics.js";

/** What a follower of the inbox wants to hear. */
export interface InboxHandlers {
  /**
   * All conversations as they are now: first of all, after each loss of the connection, and after a reset.
   * `reset` names the topics whose events are not known in full: read those again. Events that stand in
   * these conversations already may come after it, so apply a message by its number, not by counting.
   */
  onInbox(inbox: Inbox): void;
  /** An event of any of the user's topics; durable ones once, and in the order of their topic. */
  onEvent(event: AnyEvent): void;
  /** The server refuses, a guest for example. */
  onError?(error: HubbubError): void;
}

/** All of a user's conversations by one command (rule CHT-6). */
export class InboxFeed extends Feed<Inbox> {
  constructor(topics: Topics, calls: Calls, world: Environment, backoff: BackoffOptions) {
    super("inbox.subscribe", ["chat", "user"], topics, calls, world, backoff);
  }

  override pass(event: EventFrame): void {
    if (event.type === "chat.conversation_added" && this.has(event.topic)) {
      const { conversation, position } = event.data as ConversationAdded;
      this.joined(conversation.topic, position);
    }
    super.pass(event);
  }
}
