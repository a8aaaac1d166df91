import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import app from "./vite.config.ts";

/** A page of its own for staff: the chat's first load has nothing of it. */
const config = mergeConfig(app, defineConfig({ build: { emptyOutDir: false } }));
config.build.rollupOptions = {
  input: fileURLToPath(new URL("src/inspector/main.tsx", import.meta.url)),
  output: { entryFileNames: "inspector.js", assetFileNames: "inspector[extname]" },
};
export default config;
