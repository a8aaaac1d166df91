import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import * as hubbub from "../src/index.js";
import * as preact from "../src/preact.js";
import * as react from "../src/react.js";

/* The reference page names what there is, all of it and nothing else. */

const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("../../docs/reference/clients/typescript.md", root), "utf8");
const source = readdirSync(new URL("src/", root))
  .map((name) => readFileSync(new URL(`src/${name}`, root), "utf8"))
  .join("\n");

/** The names in the first column of the tables below a heading. */
function documented(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (!section) throw new Error(`the page has no section ${heading}`);
  return [...section.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name!).sort();
}

/** The members of an interface, as the source has them. */
function members(name: string): string[] {
  const body = source.match(new RegExp(`^export interface ${name}\\b.*?\\{\\n(.*?)^\\}`, "ms"))?.[1];
  if (!body) throw new Error(`the source has no interface ${name}`);
  return [...body.matchAll(/^ {2}(\w+)[?(:]/gm)].map(([, member]) => member!).sort();
}

/** The words of a union. */
function union(declaration: string): string[] {
  const at = source.indexOf(declaration);
  if (at < 0) throw new Error(`the source has no ${declaration}`);
  const end = source.indexOf(";", at);
  return [...source.slice(at + declaration.length, end).matchAll(/"(\w+)"/g)].map(([, word]) => word!).sort();
}

/** What a module exports, types and all, as its source says. */
function exported(name: string): string[] {
  const text = readFileSync(new URL(`src/${name}.ts`, root), "utf8");
  const lists = [...text.matchAll(/^export (?:type |const )?\{([^}]*)\}/gm)].flatMap(([, list]) => list!.split(","));
  const functions = [...text.matchAll(/^export function (\w+)/gm)].map(([, each]) => each!);
  return [...lists.map((each) => each.trim().replace(/^type /, "")).filter(Boolean), ...functions].sort();
}

test.each(["ClientOptions", "CommandOptions", "SubscriptionHandlers", "InboxHandlers", "AnnouncementHandlers"])("%s", (name) => {
  expect(documented(name)).toEqual(members(name));
});

test("the client's members", () => {
  const own = [hubbub.Client.prototype, hubbub.Emitter.prototype].flatMap((each) => Object.getOwnPropertyNames(each));
  const open = new Set(own.filter((name) => !["constructor", "emit"].includes(name)));
  expect(documented("Client")).toEqual([...open].sort());
});

test("the client's events, states and errors", () => {
  expect(documented("Events of the client")).toEqual(members("ClientEvents"));
  expect(documented("Status")).toEqual(union("export type Status ="));
  expect(documented("HubbubError")).toEqual(union("export type ClientErrorCode ="));
});

test("the store's options and troubles", () => {
  expect(documented("IndexedDbStore")).toEqual([...members("IndexedDbStoreOptions"), ...union("  reason:")].sort());
});

test("the hooks are the same for both libraries", () => {
  expect(documented("Hooks")).toEqual(exported("react"));
  expect(exported("preact")).toEqual(exported("react"));
  expect(Object.keys(preact).sort()).toEqual(Object.keys(react).sort());
  for (const name of Object.keys(react)) expect(exported("react")).toContain(name);
});

test("every other name", () => {
  const names = exported("index");
  for (const name of Object.keys(hubbub)) expect(names).toContain(name);
  const headings = [...page.matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading);
  const elsewhere = names.filter((name) => headings.includes(name));
  expect([...documented("Other names"), ...elsewhere].sort()).toEqual(names);
});
