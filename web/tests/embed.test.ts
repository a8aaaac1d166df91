import { expect, test } from "vitest";
import { forShadowRoot } from "../src/embed/styles";

test("what is said of a page's root element is said of the shadow's host", () => {
  const css = ':root{--a:1}:root[data-theme="dark"]{--a:2}@media print{:root{--a:3}}.rooted{--a:4}';
  expect(forShadowRoot(css)).toBe(':host{--a:1}:host([data-theme="dark"]){--a:2}@media print{:host{--a:3}}.rooted{--a:4}');
});
