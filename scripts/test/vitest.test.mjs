// What `npm test` says of tests that failed: by name at its end, and apart where they passed by themselves.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../paths.mjs";

/** @type {string} */
let project;
beforeEach(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), "tidings-vitest-")));
  await mkdir(join(project, "packages", "a", "test"), { recursive: true });
  await cp(join(root, "scripts"), join(project, "scripts"), {
    recursive: true,
    filter: (path) => path !== join(root, "scripts", "test"),
  });
  for (const name of ["package.json", "vitest.config.ts"]) await cp(join(root, name), join(project, name));
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
});
afterEach(() => rm(project, { recursive: true, force: true }));

/** @param {Record<string, string>} files name without `.test.ts` → what stands in it */
async function runTests(files) {
  for (const [name, text] of Object.entries(files)) {
    const head = 'import { test, expect } from "vitest";\nimport fs from "node:fs";\n';
    await writeFile(join(project, "packages", "a", "test", `${name}.test.ts`), head + text);
  }
  const script =
    'import { runVitest } from "./scripts/vitest.mjs"; console.error(JSON.stringify(await runVitest(process.execPath, [])));';
  // Without what this very run of vitest set for its own processes.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const args = ["--input-type=module", "--eval", script];
  const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: project, env });
  return JSON.parse(stderr.slice(stderr.lastIndexOf('{"code"')));
}

const shaky = `test("shaky", () => {
  const isSecond = fs.existsSync("seen");
  fs.writeFileSync("seen", "");
  expect(isSecond).toBe(true);
});
`;
const file = (/** @type {string} */ name) => `packages/a/test/${name}.test.ts`;

test("what passes when its file runs by itself is unsteady, with its name and the reason of its failure", async () => {
  const { code, passed, failures, unsteady } = await runTests({
    one: `${shaky}test("good", () => {});`,
    two: "test('x', () => {});",
  });
  expect({ code, passed, failures }).toEqual({ code: 0, passed: 3, failures: [] });
  expect(unsteady).toEqual([
    { file: file("one"), name: "shaky", reason: expect.stringContaining("expected false") },
  ]);
});

test("what fails twice has failed, and so has a file that does not load", async () => {
  const { code, failures, unsteady } = await runTests({
    one: shaky,
    two: 'test("bad", () => expect(1).toBe(2));',
    three: 'throw new Error("not to be loaded");',
  });
  expect(code).toBe(1);
  expect(unsteady.map((/** @type {{ name: string }} */ one) => one.name)).toEqual(["shaky"]);
  expect(failures).toHaveLength(2);
  expect(failures).toContainEqual({
    file: file("two"),
    name: "bad",
    reason: expect.stringContaining("expected 1"),
  });
  expect(failures).toContainEqual({
    file: file("three"),
    name: "the file itself",
    reason: "not to be loaded",
  });
});

test("an error outside of every test is not forgiven, since it belongs to no file", async () => {
  const { code, unsteady } = await runTests({
    one: `${shaky}test("leaves", () => { setImmediate(() => { throw new Error("stray"); }); return new Promise((resolve) => setTimeout(resolve, 50)); });`,
  });
  expect(code).toBe(1);
  expect(unsteady).toEqual([]);
});
