import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig, type Plugin } from "vite";
import app from "./vite.config.ts";

/** The styles are in the script, as text for a shadow root: the file of them that comes out too is nobody's. */
const noStylesheet: Plugin = {
  name: "no-stylesheet",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      for (const name of Object.keys(bundle)) if (name.endsWith(".css")) delete bundle[name];
    },
  },
};

// A build of its own, so that a page with a chat in it loads one file and nothing of the whole UI's.
const config = mergeConfig(
  app,
  defineConfig({
    // `light-dark()` as it stands: what it would be rewritten to follows the system, not the page around.
    build: { emptyOutDir: false, cssTarget: ["chrome123", "firefox120", "safari17.5"] },
    plugins: [noStylesheet],
  }),
);
config.build.rollupOptions.input = fileURLToPath(new URL("src/embed/embed.tsx", import.meta.url));
config.build.rollupOptions.output.entryFileNames = "embed.js";
export default config;
