import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./bundle.js";

const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

describe("the package", () => {
  const about = JSON.parse(read("package.json"));
  let packed: string[];

  beforeAll(() => {
    // Builds first, as publishing does.
    const text = execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: fileURLToPath(root), encoding: "utf8", stdio: "pipe" });
    const answer = JSON.parse(text.slice(text.search(/^[[{]/m)));
    const [{ files }] = Array.isArray(answer) ? answer : (Object.values(answer) as any[]);
    packed = files.map(({ path }: { path: string }) => path);
  }, 60_000);

  test("holds what is built, its licence and its README, and nothing else", () => {
    expect(packed.filter((path) => !/^dist\/[a-z-]+\.(js|d\.ts)$/.test(path)).sort()).toEqual(["LICENSE", "README.md", "package.json"]);
    const built = packed.filter((path) => path.endsWith(".js")).map((path) => path.replace(/\.js$/, ".d.ts"));
    expect(packed.filter((path) => path.endsWith(".d.ts")).sort()).toEqual(built.sort());
    expect(read("LICENSE")).toBe(read("../../LICENSE"));
  });

  test("exports files that are in it", () => {
    const targets = Object.values(about.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry as object)));
    expect(targets).toHaveLength(7);
    for (const target of targets) expect(packed).toContain(target.slice(2));
  });

  test("needs nothing: React and Preact are the page's own, if it has one", () => {
    expect(about.dependencies).toBeUndefined();
    expect(Object.keys(about.peerDependenciesMeta)).toEqual(Object.keys(about.peerDependencies));
    for (const { optional } of Object.values(about.peerDependenciesMeta) as any[]) expect(optional).toBe(true);
    const imported = packed
      .filter((path) => path.endsWith(".js"))
      .flatMap((path) => [...read(path).matchAll(/from "([^".][^"]*)"/g)].map(([, from]) => `${path}: ${from}`));
    expect([...new Set(imported)].sort()).toEqual([
      "dist/preact.js: preact",
      "dist/preact.js: preact/hooks",
      "dist/react.js: react",
    ]);
  });

  test("runs in Node as it is built, without a browser", () => {
    const code = `
      const { Client, IndexedDbStore, MemoryStore, HubbubError } = await import("hubbub");
      const client = new Client({ url: "/ws/", store: new IndexedDbStore() });
      const { useStatus } = await import("hubbub/react");
      const { useTopic } = await import("hubbub/preact");
      console.log(client.status, [MemoryStore, HubbubError, useStatus, useTopic].map((each) => typeof each).join());`;
    const said = execFileSync("node", ["--input-type=module", "-e", code], { cwd: fileURLToPath(root), encoding: "utf8" });
    expect(said.trim()).toBe("closed function,function,function,function");
  });
});

describe("what a page doesn't use is not in its bundle", () => {
  test("one small export brings nothing else along", async () => {
    const { code } = await bundle('export { fullJitter } from "hubbub"');
    expect(code.length).toBeLessThan(200);
    expect(code).not.toMatch(/WebSocket|indexedDB|client_id/);
  });

  test("a client without the store doesn't bring the store", async () => {
    const { code } = await bundle('export { Client } from "hubbub"');
    expect(code).toContain("WebSocket");
    expect(code).not.toMatch(/indexedDB|BroadcastChannel/);
  });

  test.each(["react", "preact"])("the hooks for %s bring neither the client nor the other library", async (name) => {
    const { code } = await bundle(`export * from "hubbub/${name}"`);
    const imported = [...code.matchAll(/from\s*["']([^"']+)["']/g)].map(([, from]) => from!.split("/")[0]);
    expect(new Set(imported)).toEqual(new Set([name]));
    expect(code).not.toMatch(/WebSocket|indexedDB|client_id/);
  });
});

/** What the documentation says, in kB (1,000 bytes), minified and gzipped. */
const SIZES: Record<string, string> = {
  'export { Client } from "hubbub"': "`Client`",
  'export { Client, IndexedDbStore } from "hubbub"': "`Client` and `IndexedDbStore`",
  'export * from "hubbub/react"': "`hubbub/react`",
  'export * from "hubbub/preact"': "`hubbub/preact`",
};

test.each(Object.entries(SIZES))("the size in the documentation is true: %s", async (code, name) => {
  const { gzip } = await bundle(code);
  const page = read("../../docs/reference/clients/typescript.md");
  const said = Number(page.match(new RegExp(`^\\| ${name} \\| ([\\d.]+) kB \\|`, "m"))?.[1]);
  console.info(`${name}: ${gzip} bytes`);
  expect(gzip).toBeLessThanOrEqual(said * 1000);
  expect(gzip).toBeGreaterThan(said * 1000 - 300);
});
