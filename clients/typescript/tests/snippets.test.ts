// @vitest-environment happy-dom
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";

/* Every example of the documentation is type-checked as a user would, and run up to its first session. */

// With a document, import.meta.url is no file.
const HERE = pathToFileURL(`${process.cwd()}/`);
const PAGES = ["README.md", "../../docs/how-to/own-front-end.md", "../../docs/how-to/presence.md"];
const FOLDER = new URL(".vite/snippets/", HERE);

interface Snippet {
  name: string;
  file: string;
  code: string;
}

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(new URL(page, HERE), "utf8");
  return [...text.matchAll(/^```(tsx?)\n(.*?)^```$/gms)].map(([, kind, code], index) => {
    const name = `${page.split("/").at(-1)!.replace(".md", "")}-${index + 1}`;
    const pragma = /from "hubbub\/preact"/.test(code!) ? "/** @jsxImportSource preact */\n" : "";
    return { name, file: fileURLToPath(new URL(`${name}.${kind}`, FOLDER)), code: `${pragma}${code!}\nexport {};\n` };
  });
}

const snippets = PAGES.flatMap(snippetsOf);

/** A server that lets everybody in and answers every command. */
class ObligingSocket {
  static opened: string[] = [];
  onmessage: ((message: { data: string }) => void) | null = null;
  constructor(url: string) {
    ObligingSocket.opened.push(url);
    const user = { id: 7, username: "ada", first_name: "", last_name: "" };
    const limits = { frame_bytes: 65_536, subscriptions: 100 };
    setTimeout(() => this.#say({ type: "ready", data: { session: "s", user, heartbeat: 30, limits, time: "" } }));
  }
  send(text: string) {
    const { id, type } = JSON.parse(text);
    const position = { epoch: "e", offset: 0 };
    const feeds = { conversations: [], announcements: [], unread: 0, positions: {}, reset: [] };
    const ok = { users: [], position, recovered: false, events: [], snapshot: { messages: [], notifications: [], unread: 0 }, message: { number: 1 }, ...feeds };
    if (type !== "pong") setTimeout(() => this.#say({ id, type: "reply", ok }));
  }
  close() {}
  #say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

beforeAll(() => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, code } of snippets) writeFileSync(file, code);
  const compilerOptions = {
    noEmit: true,
    jsx: "react-jsx",
    module: "ESNext",
    moduleResolution: "Bundler",
    paths: { hubbub: ["../../src/index.ts"], "hubbub/*": ["../../src/*.ts"] },
    types: [],
  };
  writeFileSync(new URL("tsconfig.json", FOLDER), JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["."] }));
});

beforeEach(() => {
  ObligingSocket.opened = [];
  vi.stubGlobal("WebSocket", ObligingSocket);
  vi.stubGlobal("fetch", async () => Response.json({ access: "a", refresh: "r", ticket: "t" }));
  vi.spyOn(console, "log").mockImplementation(() => {});
});

afterAll(() => {
  vi.unstubAllGlobals();
});

test("there are examples on every page", () => {
  for (const page of PAGES) expect(snippetsOf(page).length, page).toBeGreaterThan(0);
});

test("all of them fit the types", () => {
  try {
    execFileSync("npx", ["tsc", "-p", fileURLToPath(new URL("tsconfig.json", FOLDER))], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    expect.fail((error as { stdout: string }).stdout);
  }
}, 60_000);

test.each(snippets)("$name runs", async ({ file, code }) => {
  await import(/* @vite-ignore */ pathToFileURL(file).pathname);
  if (/\.connect\(\)|render\(/.test(code)) await vi.waitFor(() => expect(ObligingSocket.opened.length).toBeGreaterThan(0));
});
