// Builds the pages into the server's assets, compressed as they go out. What has not changed is not built again.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "server", "assets");
/** What was built last, beside which it stands. */
const stamp = join(here, "dist", ".built");
/** What the pages are made of, beside the packages by their versions. */
const SOURCES = [
  "src",
  "public",
  "../ui/src",
  "../client/bundle",
  "../protocol/src/advice",
  "../server/src/cli/lab",
  "build.mjs",
  "vite.config.mjs",
];
const PACKAGES = ["vite", "preact", "@preact/signals", "uplot"];
const COMPRESSED = new Set([".html", ".js", ".css", ".svg"]);

const hash = await hashOfSources();
if (!existsSync(join(out, "index.html")) || (await readText(stamp)) !== hash) {
  // A folder of its own, which then takes the name: a server that starts meanwhile finds the pages whole or not at all.
  const fresh = `${out}.${process.pid}`;
  const { build } = await import("vite");
  await build({
    configFile: join(here, "vite.config.mjs"),
    logLevel: "warn",
    build: { outDir: fresh, emptyOutDir: true },
  });
  for (const file of await filesOf(fresh)) if (COMPRESSED.has(extname(file))) await compress(file);
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, hash);
}

async function hashOfSources() {
  const sum = createHash("sha256");
  const pages = (await readdir(here)).filter((name) => name.endsWith(".html"));
  for (const source of [...pages, ...SOURCES]) {
    for (const file of await filesOf(join(here, source)))
      sum.update(`${relative(here, file)}\0`).update(await readFile(file));
  }
  for (const name of PACKAGES) {
    const manifest = fileURLToPath(import.meta.resolve(`../../node_modules/${name}/package.json`));
    sum.update(`${name}@${JSON.parse(await readFile(manifest, "utf8")).version}\0`);
  }
  return sum.digest("hex");
}

/** @param {string} path @returns {Promise<string[]>} in an order that is always the same */
async function filesOf(path) {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !basename(entry.name).startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @param {string} file */
async function compress(file) {
  const bytes = await readFile(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

/** @param {string} file */
function readText(file) {
  return readFile(file, "utf8").catch(() => "");
}
