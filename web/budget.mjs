// Fails when the script of the first load is larger than people should wait for.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET = 150_000;
const built = new URL("../src/hubbub/web/static/hubbub/app.js", import.meta.url);

/** The entry and every module that it imports before it can run. */
function firstLoad(url, seen = new Map()) {
  if (seen.has(url.href)) return seen;
  const text = readFileSync(fileURLToPath(url));
  seen.set(url.href, gzipSync(text, { level: 9 }).length);
  for (const [, path] of text.toString().matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g)) firstLoad(new URL(path, url), seen);
  return seen;
}

const files = firstLoad(built);
const total = [...files.values()].reduce((sum, size) => sum + size, 0);
console.log(`The first load's script: ${total} of ${BUDGET} bytes gzipped, in ${files.size} file(s).`);
if (total > BUDGET) {
  console.error("That is too much. Load what the first view doesn't need later, or leave it out.");
  process.exit(1);
}
