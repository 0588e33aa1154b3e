// Builds the pages, into a folder named by what they were built from: what has not changed is not built again.
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const WEB = dirname(fileURLToPath(import.meta.url));
const DIST = join(WEB, "dist");
/** Folders of earlier pages are kept for so long, in milliseconds: a server may still serve them. */
const KEPT_MS = 3_600_000;
/** What the pages are made of, beside the packages by their versions. */
const SOURCES = [
  "src",
  "public",
  "index.html",
  "vite.config.mjs",
  "../shared",
  "../../../packages/ui/src",
  "../../../packages/client/bundle",
];

/** @returns {Promise<string>} the folder with `index.html` */
export async function buildWeb() {
  const out = join(DIST, await hashOfSources());
  if (existsSync(join(out, "index.html"))) return out;
  const { build } = await import("vite");
  // Two may build at once: each into a folder of its own, and the first one to be done gives it its name.
  const mine = `${out}.${randomUUID()}`;
  await build({
    root: WEB,
    configFile: join(WEB, "vite.config.mjs"),
    logLevel: "warn",
    build: { outDir: mine, emptyOutDir: true },
  });
  try {
    await rename(mine, out);
  } catch (error) {
    await rm(mine, { recursive: true, force: true });
    if (!existsSync(join(out, "index.html"))) throw error;
  }
  await removeOld(out);
  return out;
}

async function hashOfSources() {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const file of await filesOf(join(WEB, source))) {
      hash.update(`${relative(WEB, file)}\0`).update(await readFile(file));
    }
  }
  for (const name of ["vite", "preact", "@preact/signals", "preact-iso", "uplot", "valibot"]) {
    const manifest = fileURLToPath(import.meta.resolve(`../../../node_modules/${name}/package.json`));
    hash.update(`${name}@${JSON.parse(await readFile(manifest, "utf8")).version}\0`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** @param {string} path @returns {Promise<string[]>} in an order that is always the same */
async function filesOf(path) {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map") && !entry.name.endsWith(".tsbuildinfo"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @param {string} current */
async function removeOld(current) {
  for (const name of await readdir(DIST)) {
    const folder = join(DIST, name);
    if (folder === current) continue;
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(folder, { recursive: true, force: true });
  }
}
