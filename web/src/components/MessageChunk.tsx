import "./MessageChunk.css";
import { Component } from "preact";
import type { OpenConversation } from "../state/conversation";
import type { Chunk } from "../state/chunks";
import { MessageBlock } from "./MessageBlock";

interface MessageChunkProps {
  chunk: Chunk;
  conversation: OpenConversation;
}

/** A stretch of the log. While it stays the same it is not drawn again, and the browser skips it out of sight. */
export class MessageChunk extends Component<MessageChunkProps> {
  override shouldComponentUpdate(next: MessageChunkProps): boolean {
    return next.chunk !== this.props.chunk;
  }

  render({ chunk, conversation }: MessageChunkProps) {
    return (
      <div class="message-chunk">
        {chunk.blocks.map((block) => (
          <MessageBlock key={block.messages[0]?.id} block={block} conversation={conversation} />
        ))}
      </div>
    );
  }
}
