import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";

const ENTRY = "virtual:entry";

/** What Vite makes, minified, of a module that says this. React and Preact are left to the page. */
export async function bundle(code: string): Promise<{ code: string; gzip: number }> {
  const made = (await build({
    configFile: fileURLToPath(new URL("../vitest.config.ts", import.meta.url)),
    logLevel: "error",
    plugins: [
      {
        name: "entry",
        resolveId: (id: string) => (id === ENTRY ? id : null),
        load: (id: string) => (id === ENTRY ? code : null),
      },
    ],
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: ENTRY, preserveEntrySignatures: "strict", external: [/^react/, /^preact/] },
    },
  })) as Rolldown.RolldownOutput;
  const text = made.output.flatMap((chunk) => (chunk.type === "chunk" ? [chunk.code] : [])).join("");
  return { code: text, gzip: gzipSync(text, { level: 9 }).length };
}
