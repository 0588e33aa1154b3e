// What the client costs a page: each of its entries as one file, with all that it needs, minified and gzipped. The limits
// are in .size-limit.json. `npm run size -- --why`: also what each module of the whole, and of ./sse, has in it.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SourceMap } from "node:module";
import { gzipSync } from "node:zlib";
import { clientEntries, fill, minified } from "./bundle.mjs";
import { root } from "./paths.mjs";
import { runAsScript } from "./say.mjs";
import { scriptOf } from "./tool.mjs";

/** @typedef {{ name: string, size: number, sizeLimit: number, passed: boolean }} Measured */

/** All of it is published as one file; what is for Node.js costs no page anything. */
const single = Object.entries(clientEntries()).filter(([name]) => !["index", "node"].includes(name));

/**
 * A program that imports what all entries have: their parts cost only who imports those.
 * @param {string} name @param {string} source
 */
function programOf(name, source) {
  const program = join(root, "test-output", "programs", `${name}.js`);
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, `export { connect, TidingsError } from ${JSON.stringify(source)};\n`);
  return program;
}

/** As the bundler of a page would do it. */
async function bundleEntries() {
  const files = await Promise.all(single.map(([name, source]) => minified(name, programOf(name, source))));
  fill(join(root, "test-output", "sizes"), new Map(files.flatMap((one) => [...one])));
}

/** @returns {Promise<Measured[]>} */
function measure() {
  return new Promise((resolve, reject) => {
    // Its exit code says no more than `passed`, unless it could not measure.
    execFile(
      process.execPath,
      [scriptOf("size-limit"), "--json"],
      { cwd: root },
      (_error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout));
        } catch {
          reject(new Error(`size-limit said nothing that is JSON: ${stdout}${stderr}`));
        }
      },
    );
  });
}

/**
 * Of each module, what a file would lose without it; code that is like other code costs little gzipped.
 * @param {string} name
 */
async function explain(name) {
  const files = await minified(name, programOf(name, clientEntries()[name]), { sourcemap: true });
  const code = files.get(`${name}.js`) ?? "";
  const map = new SourceMap(JSON.parse(files.get(`${name}.js.map`) ?? ""));
  /** @type {Map<string, string>} */
  const parts = new Map();
  for (const [row, line] of code.split("\n").entries()) {
    for (let column = 0; column < line.length; column += 1) {
      const source = map.findEntry(row, column).originalSource ?? "the bundler's own";
      parts.set(source, (parts.get(source) ?? "") + line[column]);
    }
  }
  const all = gzipped([...parts.values()]);
  const rows = [...parts].map(([source, part]) => ({
    source: source.replace(/^.*packages\//, ""),
    length: part.length,
    size: all - gzipped([...parts].flatMap(([other, text]) => (other === source ? [] : [text]))),
  }));
  console.log(`\n${name}: ${bytes(code.length).trim()} bytes minified, ${bytes(all).trim()} gzipped`);
  console.log(`${"module".padEnd(44)} ${"minified".padStart(8)} ${"gzip".padStart(8)}`);
  for (const { source, length, size } of rows.sort((a, b) => b.size - a.size))
    console.log(`${source.padEnd(44)} ${bytes(length)} ${bytes(size)}`);
}

/** @param {readonly string[]} texts */
function gzipped(texts) {
  return gzipSync(texts.join(""), { level: 9 }).length;
}

await runAsScript(import.meta.url, async () => {
  await bundleEntries();
  const measured = await measure();
  for (const [name] of single) {
    if (measured.some((one) => one.name === `@tidings/client/${name}`)) continue;
    throw new Error(`.size-limit.json says nothing of @tidings/client/${name}.`);
  }
  console.log(`${"entry".padEnd(30)} ${"gzip".padStart(8)} ${"limit".padStart(8)}`);
  for (const { name, size, sizeLimit, passed } of measured) {
    const row = `${name.padEnd(30)} ${bytes(size)} ${bytes(sizeLimit)}`;
    console.log(passed ? row : `${row}  ${size - sizeLimit} bytes too many`);
  }
  if (process.argv.includes("--why")) for (const name of ["index", "sse"]) await explain(name);
  return measured.every(({ passed }) => passed) ? 0 : 1;
});

/** @param {number} count */
function bytes(count) {
  return count.toLocaleString("en").padStart(8);
}
