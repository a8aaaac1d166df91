import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import app from "./vite.config.ts";

/** The service worker: one file that imports nothing, as not all browsers have modules there. */
const config = mergeConfig(app, defineConfig({ build: { emptyOutDir: false } }));
config.build.rollupOptions = {
  input: fileURLToPath(new URL("src/push/worker/worker.ts", import.meta.url)),
  output: { entryFileNames: "push-worker.js", format: "es" },
};
export default config;
