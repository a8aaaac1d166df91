import { beforeEach, expect, expectTypeOf, test, vi } from "vitest";
import type { MessageSent, Typing } from "../src/index.js";
import { online } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
});

test("events are heard by type, by feature, and by the kind of their topic", async () => {
  const { client, socket } = await online();
  const heard: string[] = [];
  client.onEvent("chat.message_sent", (event) => {
    expectTypeOf(event.data).toEqualTypeOf<MessageSent>();
    heard.push(`type ${event.topic}`);
  });
  const end = client.onEvent("chat.*", (event) => {
    if (event.type === "chat.typing") expectTypeOf(event.data).toEqualTypeOf<Typing>();
    heard.push(`feature ${event.topic}`);
  });
  client.onEvent("*", ({ type }) => heard.push(`user ${type}`), { kind: "user" });
  client.onEvent("*", ({ type }) => heard.push(`topic ${type}`), { topic: "chat.1" });
  // @ts-expect-error: there is no such type of event
  client.onEvent("chat.message_sentt", () => {});

  for (const topic of ["chat.1", "chat.12", "user.7"]) client.subscribe(topic, { onEvent: () => {}, onReset: () => {} });
  socket.event("chat.1", undefined);
  expect(heard).toEqual(["type chat.1", "feature chat.1", "topic chat.message_sent"]);
  heard.length = 0;
  socket.push({ type: "chat.typing", topic: "chat.12", data: {} });
  expect(heard).toEqual(["feature chat.12"]);
  heard.length = 0;
  end();
  socket.push({ type: "chat.conversation_read", topic: "user.7", data: {} });
  expect(heard).toEqual(["user chat.conversation_read"]);
});
