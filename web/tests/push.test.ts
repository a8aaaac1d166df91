import { expect, test, vi } from "vitest";
import { idOf, tagOf } from "../src/push/payload";
import { tellShown } from "../src/push/shown";
import { labelOf } from "../src/push/subscribe";

test("an alert's tag says whose notification it is", () => {
  expect(idOf(tagOf(42))).toBe(42);
  expect(idOf("somebody-elses")).toBeNull();
});

test("a device is named by what its browser says", () => {
  const chrome = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36";
  expect(labelOf(chrome)).toBe("Chrome on Android");
  expect(labelOf(`${chrome} Edg/130.0`)).toBe("Edge on Android");
  expect(labelOf("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0")).toBe("Firefox on Linux");
  expect(labelOf("curl/8")).toBe("Browser");
});

test("what a page in front of somebody shows is told, once a second at most, and nothing else", () => {
  vi.useFakeTimers();
  const told: unknown[] = [];
  let hear: (event: never) => void = () => {};
  const client = {
    onEvent: (_: string, listener: (event: never) => void) => ((hear = listener), () => {}),
    command: (name: string, _: null, data: { number: number }) => (told.push([name, data.number]), Promise.resolve(null)),
  };
  let inFront = false;
  tellShown(client as never, () => inFront);
  const come = (number: number) => hear({ data: { notification: { number } } } as never);
  come(1);
  inFront = true;
  for (const number of [2, 3, 4]) come(number);
  expect(told).toEqual([["notifications.shown", 2]]);
  vi.advanceTimersByTime(5_000);
  expect(told).toEqual([["notifications.shown", 2], ["notifications.shown", 4]]);
  come(5);
  expect(told.at(-1)).toEqual(["notifications.shown", 5]);
  vi.useRealTimers();
});
