import type { BackoffOptions } from "./backoff.js";
import type { Calls } from "./calls.js";
import type { Environment } from "./environment.js";
import type { HubbubError } from "./errors.js";
import { Feed } from "./feed.js";
import type { AnyEvent, EventFrame } from "./frames.js";
import type { AnnouncementFeed, AudienceJoined } from "./generated.js";
import type { Topics } from "./topics.js";

/** What a follower of announcements wants to hear. */
export interface AnnouncementHandlers {
  /**
   * What is live for the user now: first of all, after each loss of the connection, and after a reset. Events that
   * stand in it already may come after it.
   */
  onFeed(feed: AnnouncementFeed): void;
  /** An event of an audience that the user is in, or of the user's own: each once, and in the order of its topic. */
  onEvent(event: AnyEvent): void;
  /** The server refuses, a guest for example, or has no announcements. */
  onError?(error: HubbubError): void;
}

/** What is announced to all audiences of a user, by one command. */
export class Announcements extends Feed<AnnouncementFeed> {
  constructor(topics: Topics, calls: Calls, world: Environment, backoff: BackoffOptions) {
    super("announcements.subscribe", ["audience", "announcements"], topics, calls, world, backoff);
  }

  override pass(event: EventFrame): void {
    if (event.type === "announcements.joined" && this.has(event.topic)) {
      const { audience, position } = event.data as AudienceJoined;
      this.joined(`audience.${audience}`, position);
    }
    super.pass(event);
  }
}
