// Bundles what browsers load: the client's entries, and the script of a channel's page. The build runs it after tsc.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { root } from "./paths.mjs";
import { runAsScript } from "./say.mjs";

const client = join(root, "packages", "client");
const server = join(root, "packages", "server");

/** The client's entries, by name: what its package.json exports. @returns {Record<string, string>} name to source */
export function clientEntries() {
  const { exports } = JSON.parse(readFileSync(join(client, "package.json"), "utf8"));
  const names = Object.values(exports)
    .map((target) => /^\.\/bundle\/(.+)\.js$/.exec(target.default)?.[1])
    .filter((name) => name !== undefined);
  return Object.fromEntries(names.map((name) => [name, join(client, "src", `${name}.ts`)]));
}

/**
 * Bundles for browsers and Node.js alike.
 * @param {Record<string, string>} input name to source
 * @param {import("rolldown").OutputOptions} output
 * @returns {Promise<Map<string, string>>} the files, by their path
 */
async function bundle(input, output) {
  const bundling = await rolldown({
    input,
    platform: "neutral",
    external: /^node:/,
    // From the sources, so that source maps lead to them. tsc has found them right before.
    resolve: { alias: { "@tidings/protocol": join(root, "packages", "protocol", "src", "index.ts") } },
    tsconfig: false,
    transform: { target: "es2022" },
    onLog(level, log) {
      // Such as an import of what is nowhere: it would be missing where the bundle is used, and not here.
      if (level === "warn") throw new Error(log.message);
    },
  });
  try {
    const made = await bundling.generate({ format: "esm", ...output });
    return new Map(
      made.output.map((file) => [file.fileName, file.type === "chunk" ? file.code : String(file.source)]),
    );
  } finally {
    await bundling.close();
  }
}

/**
 * One entry with all that it needs as one minified file.
 * @param {string} name @param {string} source @param {import("rolldown").OutputOptions} [output]
 */
export function minified(name, source, output) {
  // With no comments: what calls are pure is of use to who bundles it again alone.
  return bundle({ [name]: source }, { minify: true, comments: false, codeSplitting: false, ...output });
}

/**
 * Makes a folder hold these files and no others. What is as it should be is left alone: somebody may be reading it.
 * @param {string} folder @param {Map<string, string>} files
 */
export function fill(folder, files) {
  const present = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const kept = new Set([...files.keys()].map((name) => join(folder, name)));
  for (const entry of present) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory() && !kept.has(path)) rmSync(path);
  }
  for (const [name, text] of files) put(join(folder, name), text);
}

/** @param {string} path @param {string} text */
function put(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  // Renamed into place: a program that starts meanwhile reads the old file or the new one.
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

async function bundleClient() {
  const entries = clientEntries();
  const [modules, script] = await Promise.all([
    bundle(entries, { sourcemap: true, chunkFileNames: "chunks/[name].js", dir: join(client, "bundle") }),
    minified("tidings.min", entries["index"], { sourcemap: true, dir: join(client, "bundle") }),
  ]);
  fill(join(client, "bundle"), new Map([...modules, ...script]));
}

/** It stands in the page's HTML, which may fetch nothing but its channel. */
async function bundlePage() {
  const page = join("transports", "page", "client");
  const files = await minified("client", join(server, "src", page, "main.ts"));
  put(join(server, "dist", `${page}.js`), fitForHtml(files.get("client.js") ?? ""));
}

/**
 * A script as it may stand in a document (WHATWG HTML §4.12.1.3): either would end it there or change it.
 * @param {string} code
 */
export function fitForHtml(code) {
  if (/<\/script|<!--/i.test(code))
    throw new Error(`the script of a channel's page holds "</script" or "<!--", which HTML would read`);
  return code;
}

await runAsScript(import.meta.url, async () => {
  await bundleClient();
  await bundlePage(); // may import the client, as it is published
});
