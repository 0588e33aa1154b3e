// What may import what, and the other rules that the house rests on. Each is shown code that breaks it, because
// a rule that has never been seen to fire may be one that cannot.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../paths.mjs";
import { scriptOf } from "../tool.mjs";

const client = "packages/client/src";
const server = "packages/server/src";

/** File, what it imports, and what is wrong with it. @type {[file: string, imported: string, rule: string][]} */
const forbidden = [
  ["packages/protocol/src/a.ts", "@tidings/core", "protocol does not know core"],
  ["packages/protocol/src/a.ts", "tidings", "protocol does not know the server"],
  ["packages/protocol/src/a.ts", "node:fs", "protocol does not know Node.js"],
  ["packages/protocol/src/a.ts", "fs", "protocol does not know Node.js by its old names"],
  ["packages/protocol/src/deep/er/a.ts", "ws", "protocol has no dependencies"],
  ["packages/protocol/src/a.ts", "../../core/src/index.ts", "protocol does not reach into core by a path"],
  ["packages/core/src/a.ts", "node:timers", "core does not know Node.js"],
  ["packages/core/src/a.ts", "timers", "core does not know Node.js by its old names"],
  ["packages/core/src/deep/er/a.ts", "node:events", "core does not know Node.js, at any depth"],
  ["packages/core/src/a.ts", "tidings", "core does not know the server"],
  ["packages/core/src/a.ts", "@tidings/testing", "core does not know what tests it"],
  ["packages/core/src/a.ts", "@types/node", "core has no other dependencies"],
  ["packages/core/src/a.ts", "@scope/thing", "core has no other dependencies"],
  ["packages/core/src/a.ts", "ws", "core has no other dependencies"],
  ["packages/core/src/a.ts", "../../server/src/index.ts", "core does not reach into the server by a path"],
  [`${client}/a.ts`, "node:fs", "the client does not know Node.js"],
  [`${client}/deep/a.ts`, "fs", "the client does not know Node.js by its old names"],
  [`${client}/a.ts`, "ws", "the client has no dependencies"],
  [`${client}/a.ts`, "@scope/thing", "the client has no dependencies"],
  [`${client}/a.ts`, "tidings", "the client does not know the server"],
  [`${client}/a.ts`, "@tidings/core", "the client does not know core"],
  [`${client}/a.ts`, "@tidings/testing", "the client does not know what tests it"],
  [`${client}/a.ts`, "../../protocol/src/index.ts", "the client does not reach into protocol by a path"],
  [`${client}/deep/a.ts`, "../node.ts", "what browsers load does not know what Node.js alone can"],
  [`${client}/a.ts`, "./node/http-fetch.ts", "nor what that is made of"],
  [
    `${client}/types.ts`,
    "@tidings/protocol",
    "the public types name nothing that is not published with them",
  ],
  [`${client}/errors.ts`, "@tidings/protocol", "nor do the errors"],
  [`${client}/node/a.ts`, "ws", "what is for Node.js has no dependencies"],
  [`${client}/node.ts`, "ws", "what is for Node.js has no dependencies either"],
  ["packages/ui/src/a.tsx", "tidings", "what pages are built from does not know the server"],
  ["packages/ui/src/a.tsx", "@tidings/dashboard", "nor any page"],
  ["packages/ui/src/a.tsx", "node:fs", "nor Node.js"],
  ["packages/dashboard/src/a.tsx", "tidings", "the dashboard knows the server by its protocol alone"],
  ["packages/dashboard/src/live/a.ts", "@tidings/core", "nor does it know core"],
  ["packages/dashboard/src/a.tsx", "../../server/src/index.ts", "nor does it reach in by a path"],
  ["packages/dashboard/src/a.tsx", "react", "there is one way to draw"],
  ["packages/dashboard/src/a.tsx", "@tidings/protocol", "nor is protocol anybody's but the lab's page"],
  [
    "packages/dashboard/src/lab/a.ts",
    "../../../server/src/cli/lab/load/group.ts",
    "the lab's own code has one door",
  ],
  ["packages/dashboard/src/lab/a.ts", "tidings", "the lab's page does not know the server"],
  [
    "packages/dashboard/src/lab/logic/lab-code.ts",
    "../../../../server/src/cli/exit.ts",
    "nor the door more than the lab",
  ],
  [`${server}/transports/sse/a.ts`, "../websocket/index.ts", "a transport does not know another"],
  [`${server}/transports/sse/a.ts`, "../../transports/websocket/index.ts", "nor the long way round"],
  [`${server}/transports/sse/deep/a.ts`, "../../websocket/index.ts", "nor from a sub-folder"],
  [`${server}/transports/sse/deep/er/a.ts`, "../../../websocket/index.ts", "nor from further down"],
  [`${server}/transports/sse/a.ts`, "../../logs/lmdb/index.ts", "a transport does not know a log"],
  [`${server}/transports/sse/deep/a.ts`, "../../../logs/lmdb/index.ts", "nor from a sub-folder"],
  [`${server}/transports/sse/a.ts`, "../../cli/main.ts", "a transport does not know the command line"],
  [`${server}/transports/sse/a.ts`, "../../create/server.ts", "a transport does not know who creates it"],
  [`${server}/transports/sse/a.ts`, "../../index.ts", "a transport does not know the library's entry"],
  [`${server}/transports/sse/a.ts`, "../../tidings.ts", "nor its main file"],
  [`${server}/transports/shared.ts`, "./sse/index.ts", "what transports share does not know one"],
  [`${server}/logs/lmdb/a.ts`, "../redis/index.ts", "a log does not know another"],
  [`${server}/logs/lmdb/deep/a.ts`, "../../redis/index.ts", "nor from a sub-folder"],
  [`${server}/logs/lmdb/a.ts`, "../../transports/sse/index.ts", "a log does not know a transport"],
  [`${server}/logs/lmdb/a.ts`, "../../transports/shared.ts", "nor what transports share"],
  [`${server}/logs/lmdb/a.ts`, "../../http/router.ts", "a log does not know HTTP"],
  [`${server}/logs/lmdb/a.ts`, "../../cli/main.ts", "a log does not know the command line"],
  [`${server}/logs/lmdb/a.ts`, "../../index.ts", "a log does not know the library's entry"],
  [`${server}/logs/shared.ts`, "./lmdb/index.ts", "what logs share does not know one"],
  [`${server}/http/a.ts`, "../transports/sse/index.ts", "HTTP does not know a transport"],
  [`${server}/auth/a.ts`, "../logs/lmdb/index.ts", "authentication does not know a log"],
  [`${server}/config/a.ts`, "../cli/main.ts", "only the command line knows the command line"],
  [`${server}/metrics/a.ts`, "../create/server.ts", "nothing inside knows who puts the rooms together"],
  [`${server}/http/a.ts`, "../index.ts", "nothing inside imports the library's entry"],
  [`${server}/http/deep/a.ts`, "../../tidings.ts", "nor its main file"],
  [`${server}/http/a.ts`, "tidings", "the server does not import itself by its name"],
  [`${server}/cli/main.ts`, "@tidings/testing", "what is for tests is not in the server"],
  [`${server}/cli/a.ts`, "../../../fault-proxy/src/flow.ts", "nor is the fault proxy"],
  [`${server}/cli/main.ts`, "../../../core/src/hub.ts", "another package is not reached into by a path"],
];

/** @type {[file: string, imported: string][]} */
const allowed = [
  ["packages/protocol/src/a.ts", "./cursor.ts"],
  ["packages/protocol/src/deep/a.ts", "../cursor.ts"],
  ["packages/ui/src/a.tsx", "preact/hooks"],
  ["packages/dashboard/src/live/a.ts", "@tidings/client"],
  ["packages/dashboard/src/a.tsx", "@tidings/ui/plot"],
  ["packages/dashboard/src/lab/advice/a.ts", "@tidings/protocol"],
  ["packages/dashboard/src/lab/logic/lab-code.ts", "../../../../server/src/cli/lab/load/group.ts"],
  ["packages/core/src/a.ts", "@tidings/protocol"],
  ["packages/core/src/deep/a.ts", "../hub.ts"],
  [`${client}/a.ts`, "@tidings/protocol"],
  [`${client}/a.ts`, "./core/link.ts"],
  [`${client}/deep/a.ts`, "../errors.ts"],
  [`${client}/types.ts`, "./errors.ts"],
  [`${client}/node.ts`, "node:fs/promises"],
  [`${client}/node.ts`, "./node/file-cursors.ts"],
  [`${client}/node/a.ts`, "node:http"],
  [`${client}/node/a.ts`, "../types.ts"],
  [`${server}/transports/sse/a.ts`, "./encode.ts"],
  [`${server}/transports/sse/a.ts`, "../shared.ts"],
  [`${server}/transports/sse/a.ts`, "../../http/router.ts"],
  [`${server}/transports/sse/a.ts`, "@tidings/core"],
  [`${server}/transports/sse/a.ts`, "node:zlib"],
  [`${server}/transports/sse/deep/a.ts`, "../encode.ts"],
  [`${server}/transports/sse/deep/a.ts`, "../../../http/router.ts"],
  [`${server}/logs/lmdb/a.ts`, "./keys.ts"],
  [`${server}/logs/lmdb/a.ts`, "lmdb"],
  [`${server}/logs/lmdb/a.ts`, "../../metrics/registry.ts"],
  [`${server}/http/a.ts`, "../auth/token.ts"],
  [`${server}/http/deep/a.ts`, "../router.ts"],
  [`${server}/cli/main.ts`, "../transports/sse/index.ts"],
  [`${server}/cli/main.ts`, "../index.ts"],
  [`${server}/create/server.ts`, "../logs/lmdb/index.ts"],
  [`${server}/create/server.ts`, "../transports/sse/index.ts"],
  [`${server}/index.ts`, "./logs/lmdb/index.ts"],
  [`${server}/index.ts`, "./transports/sse/index.ts"],
  [`${server}/tidings.ts`, "./create/server.ts"],
  ["packages/core/test/a.test.ts", "node:fs"],
];

/** The ways in which a module is imported; a rule must see each. @type {((name: string, n: number) => string)[]} */
const forms = [
  (name, n) => `import { a as a${n} } from "${name}"; console.log(a${n});`,
  (name, n) => `import type { A as A${n} } from "${name}"; export type B${n} = A${n};`,
  (name, n) => `export { a as e${n} } from "${name}";`,
  (name) => `import "${name}";`,
  (name, n) => `export const d${n}: unknown = await import("${name}");`,
];

/** The other rules. @type {[rule: string, source: string][]} */
const wrong = [
  ["typescript(no-floating-promises)", "export const f = async () => {};\nf();"],
  ["typescript(no-misused-promises)", "export const f = async () => true;\nif (f()) console.log(1);"],
  ["typescript(no-misused-promises)", "[1].forEach(async () => {});"],
  ["typescript(no-explicit-any)", "export const f = (a: any) => a;"],
  [
    "typescript(switch-exhaustiveness-check)",
    'export const f = (a: "b" | "c") => {\n  switch (a) {\n    case "b": return 1;\n  }\n  return 2;\n};',
  ],
  ["eslint(no-unused-vars)", "const a = 1;\nexport {};"],
  ["import(no-cycle)", 'import { b } from "./cycle-end.ts";\nexport const a: () => number = () => b;'],
];

const found = await lintAll();

describe("lint holds the arrows", () => {
  test.each(forbidden)("%s may not import %s: %s", (file, imported) => {
    expect(found.importsForbiddenIn(file, imported)).toEqual(forms.map(() => true));
  });

  test.each(allowed)("%s may import %s", (file, imported) => {
    expect(found.importsForbiddenIn(file, imported)).toEqual(forms.map(() => false));
  });
});

describe("lint finds", () => {
  test.each(wrong.map(([rule, source], n) => ({ rule, source, n })))("$rule in $source", ({ rule, n }) => {
    expect(found.saidOf(`packages/core/src/wrong-${n}.ts`)).toContain(rule);
  });
});

/** Writes all cases into one work tree of their own, and lints it in one run with the project's own rules. */
async function lintAll() {
  const work = mkdtempSync(join(tmpdir(), "tidings-arrows-"));
  try {
    cpSync(join(root, ".oxlintrc.json"), join(work, ".oxlintrc.json"));
    symlinkSync(join(root, "node_modules"), join(work, "node_modules"), "junction"); // where the type-aware half is

    /** Each line of each file is one import. @type {Map<string, { imported: string, source: string }[]>} */
    const files = new Map();
    for (const [file, imported] of [...forbidden, ...allowed]) {
      const lines = files.get(file) ?? [];
      for (const form of forms) lines.push({ imported, source: form(imported, lines.length) });
      files.set(file, lines);
    }
    for (const [file, lines] of files) write(join(work, file), lines.map(({ source }) => source).join("\n"));
    for (const [n, [, source]] of wrong.entries())
      write(join(work, `packages/core/src/wrong-${n}.ts`), source);
    const cyclic = wrong.findIndex(([rule]) => rule === "import(no-cycle)");
    write(
      join(work, "packages/core/src/cycle-end.ts"),
      `import { a } from "./wrong-${cyclic}.ts";\nexport const b: number = a.length;`,
    );

    const said = await lint(work);
    return {
      /** @param {string} file */
      saidOf: (file) => said.filter(({ filename }) => filename === file).map(({ code }) => code),
      /** Of each line that imports the module, whether it is forbidden. @param {string} file @param {string} imported */
      importsForbiddenIn(file, imported) {
        const lines = said.filter(
          (one) => one.filename === file && one.code === "eslint(no-restricted-imports)",
        );
        const at = new Set(lines.map(({ line }) => line));
        return (files.get(file) ?? []).flatMap((one, n) =>
          one.imported === imported ? [at.has(n + 1)] : [],
        );
      },
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} path @param {string} source */
function write(path, source) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${source}\n`);
}

/** @param {string} work @returns {Promise<{ filename: string, line: number, code: string }[]>} */
async function lint(work) {
  const output = await new Promise((resolve) => {
    // Its exit code is that of a work tree with errors, as it should be.
    execFile(process.execPath, [scriptOf("oxlint"), "--format=json"], { cwd: work }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  return JSON.parse(output).diagnostics.map((/** @type {Diagnostic} */ { filename, code, labels }) => ({
    filename: filename.replaceAll("\\", "/"),
    code,
    line: labels[0]?.span.line ?? 0,
  }));
}

/** @typedef {{ filename: string, code: string, labels: { span: { line: number } }[] }} Diagnostic */
