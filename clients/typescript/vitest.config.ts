import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string) => fileURLToPath(new URL(`src/${name}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    // What a user imports, so that the documentation's examples run as they stand.
    alias: [
      { find: /^hubbub$/, replacement: source("index") },
      { find: /^hubbub\/(react|preact)$/, replacement: fileURLToPath(new URL("src/$1.ts", import.meta.url)) },
    ],
  },
});
