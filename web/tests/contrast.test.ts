import { describe, expect, test } from "vitest";
import css from "../src/styles/tokens.css?raw";

const COLOUR = /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g;
const colours = [...css.matchAll(COLOUR)];
const tokensOf = (theme: 2 | 3) => Object.fromEntries(colours.map((found) => [found[1]!, found[theme]!]));

/** The ratio that WCAG 2 defines, from 1 to 21. */
function contrast(one: string, other: string): number {
  const [dim, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (bright + 0.05) / (dim + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each([
  ["light", tokensOf(2)],
  ["dark", tokensOf(3)],
])("%s", (_, tokens) => {
  const people = Array.from({ length: 8 }, (_, index) => `person-${index}`);

  test.each([
    ["text", ["ground", "surface", "raised", "accent-ground"], 7],
    ["muted", ["ground", "surface", "raised", "accent-ground"], 4.5],
    ["accent", ["ground", "surface", "raised"], 4.5],
    ["on-accent", ["accent"], 4.5],
    ["warning", ["warning-ground"], 4.5],
    ["danger", ["surface", "danger-ground"], 4.5],
    ["positive", ["surface", "ground", "accent-ground"], 4.5],
    ["rail-text", ["rail", "rail-raised"], 4.5],
    ["rail-strong", ["rail", "rail-raised"], 7],
    ["mark", ["rail"], 4.5],
    ...people.map((person) => [person, ["ground", "surface", "accent-ground"], 4.5] as [string, string[], number]),
  ] as [string, string[], number][])("%s on %j is at least %d to 1", (text, grounds, least) => {
    for (const ground of grounds) {
      expect(contrast(tokens[text]!, tokens[ground]!), `${text} on ${ground}`).toBeGreaterThanOrEqual(least);
    }
  });
});
