import { beforeEach, expect, test, vi } from "vitest";
import { answerWorker, closeAlerts, showByWorker } from "../src/push/alerts";
import { ASKS_WHO, tagOf } from "../src/push/payload";

let hear: (message: object) => void;
let script: string;
const showNotification = vi.fn();
const alerts = [1, 2].map((id) => ({ tag: tagOf(id), close: vi.fn() }));

beforeEach(() => {
  script = "https://example.org/push-worker.js";
  vi.stubGlobal("navigator", {
    serviceWorker: {
      getRegistration: async () => ({
        active: { scriptURL: script },
        getNotifications: async () => alerts,
        showNotification,
      }),
      addEventListener: (_: string, listener: typeof hear) => (hear = listener),
      startMessages: () => {},
    },
  });
});

test("alerts are shown and closed by our own worker, and no other that the site has", async () => {
  const news = { id: 7, title: "Tea", body: "It is hot.", level: "danger", link: "/c/3" } as const;
  expect(await showByWorker(news)).toBe(true);
  const options = { body: "It is hot.", tag: tagOf(7), requireInteraction: true, data: { link: "/c/3" } };
  expect(showNotification.mock.calls).toEqual([["Tea", options]]);
  await closeAlerts([2, 3]);
  expect(alerts.map(({ close }) => close.mock.calls.length)).toEqual([0, 1]);
  script = "https://example.org/sw.js";
  expect(await showByWorker(news)).toBe(false);
});

test("a page of the UI answers the worker that asks who is there, and nothing else", () => {
  const port = { postMessage: vi.fn() };
  answerWorker();
  hear({ data: { type: "hubbub.alert-opened", id: 1 }, ports: [port] });
  expect(port.postMessage).not.toHaveBeenCalled();
  hear({ data: { type: ASKS_WHO }, ports: [port] });
  expect(port.postMessage).toHaveBeenCalledOnce();
});
