import type { Client } from "../src/index.js";
import type { FakeSocket } from "./fake.js";

/* Messages by the queue, as several tests send them. */

/** What has been sent to the server, in order. */
export const contents = (socket: FakeSocket) => socket.of("chat.send").map(({ data }) => data.content);

/** Resolves with the reply's offset, or with the code of the error. */
export function send(client: Client, content: string, topic = "chat.1") {
  const outcome = client.command("chat.send", topic, { content }, { queue: true, keepFailed: true });
  return outcome.then(
    ({ offset }) => offset,
    (error: { code: string }) => error.code,
  );
}

/** Reply to the last message. */
export async function acknowledge(socket: FakeSocket, offset = 1): Promise<void> {
  await socket.ok(socket.last("chat.send"), { message: {}, offset });
}
