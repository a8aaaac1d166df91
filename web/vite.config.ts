import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  // A project serves static files where it likes: nothing in the build says where.
  base: "./",
  resolve: {
    // The client's source, so that the UI can be checked and built without building the client first.
    alias: { hubbub: path("../clients/typescript/src/index.ts") },
  },
  // A test reads the colours; by default stylesheets are empty there.
  test: { css: true },
  build: {
    outDir: path("../src/hubbub/web/static/hubbub"),
    emptyOutDir: true,
    target: "es2022",
    // One file each, of a fixed name: the page's template refers to them, and Django's static files
    // storage puts the hash into the name.
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: path("src/main.tsx"),
      output: {
        entryFileNames: "app.js",
        chunkFileNames: "[name].js",
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "app.css" : "[name][extname]"),
      },
    },
  },
});
