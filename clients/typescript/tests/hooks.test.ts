// @vitest-environment happy-dom
import * as preactLibrary from "preact";
import { act as preactAct } from "preact/test-utils";
import * as reactLibrary from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Client, type AnyEvent, type Message } from "../src/index.js";
import * as preactHooks from "../src/preact.js";
import * as reactHooks from "../src/react.js";
import { FakeWorld, settle } from "./fake.js";

/* The same expectations of both libraries, each with the real one. */

type Component = (props: any) => any;
interface Library {
  h(component: any, props?: object | null, ...children: any[]): any;
  hooks: typeof reactHooks;
  /** Draw into an element; null takes everything away. */
  draw(element: any, into: HTMLElement): Promise<void>;
  /** Do something that changes what is shown. */
  act(change: () => unknown): Promise<void>;
}

const act = async (change: () => unknown) => {
  await reactLibrary.act(async () => {
    await change();
    await settle();
  });
};
const roots = new Map<HTMLElement, ReturnType<typeof createRoot>>();

const libraries: Record<string, Library> = {
  "React, in strict mode": {
    h: reactLibrary.createElement,
    hooks: reactHooks,
    act,
    draw: (element, into) =>
      act(() => {
        if (!roots.has(into)) roots.set(into, createRoot(into));
        if (element) roots.get(into)!.render(reactLibrary.createElement(reactLibrary.StrictMode, null, element));
        else roots.get(into)!.unmount();
      }),
  },
  Preact: {
    h: preactLibrary.h,
    hooks: preactHooks as unknown as typeof reactHooks,
    act: (change) => preactAct(async () => void (await change(), await settle())) as Promise<void>,
    draw: (element, into) =>
      preactAct(async () => {
        preactLibrary.render(element, into);
        await settle();
      }) as Promise<void>,
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function texts(event: AnyEvent): string[] {
  return event.type === "chat.message_sent" ? [event.data.message.content] : [];
}

describe.each(Object.entries(libraries))("%s", (_, { h, hooks, draw, act }) => {
  function page(component: Component, props: object = {}) {
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world });
    const root = document.createElement("div");
    const show = (more: object = {}) =>
      draw(h(hooks.HubbubProvider, { client }, h(component, { ...props, ...more })), root);
    const leave = async () => {
      await draw(null, root);
      await act(() => vi.advanceTimersByTime(1));
    };
    const ready = () => act(() => world.current.ready());
    return { world, client, root, show, leave, ready };
  }

  const at = (offset: number) => ({ epoch: "e", offset });
  const subscribed = (offset: number, more: object = {}) => ({ position: at(offset), recovered: false, events: [], ...more });

  test("the status is shown as it is; a provider connects once, and closes when it goes", async () => {
    const { world, client, root, show, leave, ready } = page(() => h("p", null, hooks.useStatus()));
    await show();
    expect(root.textContent).toBe("connecting");
    await ready();
    expect(root.textContent).toBe("online");
    expect(world.sockets).toHaveLength(1);
    await leave();
    expect(client.status).toBe("closed");
  });

  test("without a provider a hook says what is missing", async () => {
    const root = document.createElement("div");
    vi.spyOn(console, "error").mockImplementation(() => {});
    await expect(draw(h(() => hooks.useStatus()), root)).rejects.toThrow("HubbubProvider");
  });

  test("a topic's state begins with the snapshot and follows its events; a reset begins it anew", async () => {
    const reducer = {
      initial: ["nothing yet"],
      onSnapshot: (snapshot: unknown) => (snapshot as { messages: Message[] }).messages.map(({ content }) => content),
      onEvent: (state: string[], event: AnyEvent) => [...state, ...texts(event)],
    };
    const { world, root, show, leave, ready } = page(({ topic }) => {
      const { state, ended } = hooks.useTopic(topic, reducer);
      return h("p", null, [...state, ended ? ended.reason : ""].join(" "));
    }, { topic: "chat.1" });
    await show();
    await ready();
    const socket = world.current;
    expect(root.textContent).toBe("nothing yet ");
    const snapshot = (...contents: string[]) => ({ snapshot: { messages: contents.map((content) => ({ content })) } });
    await act(() => socket.ok(socket.last("subscribe"), subscribed(1, snapshot("old"))));
    expect(root.textContent).toBe("old ");
    await act(() => socket.event("chat.1", 2, "new"));
    expect(root.textContent).toBe("old new ");

    await act(() => socket.push({ type: "reset", topic: "chat.1", data: { position: at(9), reason: "epoch" } }));
    expect(root.textContent).toBe("nothing yet ");
    await act(() => socket.ok(socket.last("subscribe"), subscribed(9, snapshot("restored"))));
    expect(root.textContent).toBe("restored ");
    await act(() => socket.push({ type: "unsubscribed", topic: "chat.1", data: { reason: "removed" } }));
    expect(root.textContent).toBe("restored removed");

    await show({ topic: "chat.2" });
    expect(root.textContent).toBe("nothing yet ");
    expect(socket.last("subscribe")["topic"]).toBe("chat.2");
    await act(() => socket.ok(socket.last("subscribe"), subscribed(3, snapshot("other"))));
    expect(root.textContent).toBe("other ");
    await show({ topic: null });
    expect(root.textContent).toBe("nothing yet ");
    expect(socket.last("unsubscribe")["topic"]).toBe("chat.2");
    await leave();
  });

  test("two components show the same topic by one subscription, and never differ", async () => {
    const seen: string[] = [];
    const reducer = { initial: 0, onEvent: (count: number) => count + 1 };
    const Counter: Component = () => String(hooks.useTopic("chat.1", reducer).state);
    const { world, root, show, leave, ready } = page(() => h("p", null, h(Counter), "/", h(Counter)));
    await show();
    await ready();
    const socket = world.current;
    await act(() => socket.ok(socket.last("subscribe"), subscribed(0)));
    for (const offset of [1, 2, 3]) {
      await act(() => socket.event("chat.1", offset));
      seen.push(root.textContent!);
    }
    expect(seen).toEqual(["1/1", "2/2", "3/3"]);
    expect(socket.of("subscribe")).toHaveLength(1);
    await leave();
  });

  test("what happens before anybody listens is not missed", async () => {
    let change = () => {};
    const { client, root, show, leave } = page(() => {
      const queued = hooks.useQueue().length;
      change();
      change = () => {};
      return h("p", null, String(queued));
    });
    client.useQueueOf(7);
    change = () => void client.command("chat.send", "chat.1", { content: "a" }, { queue: true }).catch(() => {});
    await show();
    expect(root.textContent).toBe("1");
    await leave();
  });

  test("a listener hears the events it asked for, the newest listener at that, and no more when it is gone", async () => {
    const heard: string[] = [];
    const { world, show, leave, ready } = page(({ name }) => {
      hooks.useEvents("chat.message_sent", (event) => heard.push(name + event.data.message.content), { topic: "chat.1" });
      return null;
    }, { name: "first " });
    await show();
    await ready();
    const socket = world.current;
    await act(() => socket.ok(socket.last("subscribe"), subscribed(0)));
    await act(() => socket.event("chat.1", 1, "a"));
    await show({ name: "second " });
    await act(() => socket.event("chat.1", 2, "b"));
    await act(() => socket.push({ type: "chat.typing", topic: "chat.1", data: { is_typing: true } }));
    expect(heard).toEqual(["first a", "second b"]);
    expect(socket.of("subscribe")).toHaveLength(1);
    await leave();
    expect(socket.closed).toBe(true);
  });

  test("a command is pending until it is replied to, and says why it failed", async () => {
    let send: (data: { content: string }) => Promise<unknown> = async () => {};
    const { world, root, show, leave, ready } = page(() => {
      const command = hooks.useCommand("chat.send", "chat.1");
      send = command.send;
      return h("p", null, `${command.pending ? "pending" : "idle"} ${command.error?.code ?? ""}`);
    });
    await show();
    await ready();
    const socket = world.current;
    await act(() => void send({ content: "" }));
    expect(root.textContent).toBe("pending ");
    await act(() => socket.fail(socket.last("chat.send"), { code: "empty" }));
    expect(root.textContent).toBe("idle empty");
    const before = send;
    await act(() => void send({ content: "a" }));
    await act(() => socket.ok(socket.last("chat.send"), {}));
    expect(root.textContent).toBe("idle ");
    expect(send).toBe(before);
    await leave();
  });

  test("how users are, as long as it is shown", async () => {
    const { client, world, root, show, leave, ready } = page(() => {
      const people = hooks.usePresence([1, 2]);
      return h("p", null, [...people.values()].map(({ state }) => state).join(" ") || "unknown");
    });
    await show();
    await ready();
    expect(root.textContent).toBe("unknown");
    const socket = world.current;
    const user = { user_id: 1, state: "online", last_seen: null, devices: [], invisible: false };
    await act(() => socket.ok(socket.last("presence.watch"), { users: [user] }));
    expect(root.textContent).toBe("online");
    const data = { users: [{ ...user, state: "away" }], gone: [] };
    await act(() => socket.push({ type: "presence.changed", topic: "presence", data }));
    expect(root.textContent).toBe("away");
    await leave();
    expect(client.presence.people.size).toBe(1);
  });
});

test("on a server the page is drawn as closed, and nothing connects", () => {
  const world = new FakeWorld();
  const client = new Client({ url: "/ws/", environment: world });
  const { createElement: h } = reactLibrary;
  const Page = () => {
    const { state } = reactHooks.useTopic("chat.1", { initial: "nothing", onEvent: (state: string) => state });
    return h("p", null, reactHooks.useStatus(), state, reactHooks.useQueue().length);
  };
  const html = renderToString(h(reactHooks.HubbubProvider, { client }, h(Page)));
  expect(html.replaceAll("<!-- -->", "")).toBe("<p>closednothing0</p>");
  expect(world.sockets).toHaveLength(0);
});
