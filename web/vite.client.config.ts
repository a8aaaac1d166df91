import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import app from "./vite.config.ts";

/** The TypeScript client as one module, for pages of a project that has no bundler. */
const config = mergeConfig(app, defineConfig({ build: { emptyOutDir: false } }));
config.build.rollupOptions = {
  input: fileURLToPath(new URL("../clients/typescript/src/index.ts", import.meta.url)),
  preserveEntrySignatures: "strict",
  output: { entryFileNames: "client.js" },
};
export default config;
