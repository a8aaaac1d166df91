import { expect, test } from "vitest";
import { idOf, tagOf } from "../src/push/payload";
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
