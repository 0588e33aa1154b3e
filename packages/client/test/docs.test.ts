import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Block, blocksOf, readDoc, root, sectionOf, sorted, tableOf } from "@tidings/testing/docs";
import { describe, expect, test } from "vitest";
import { MOST_MS, VALUES } from "../src/core/tuning.ts";
import type { Tuning } from "../src/types.ts";

const exec = promisify(execFile);
const document = readDoc("docs/reference/client.md");
const types = readDoc("packages/client/src/types.ts");

/** The first column of a section's first table. */
const namesIn = (heading: string): string[] =>
  tableOf(sectionOf(document, heading)).map(([name = ""]) => name);

/** What stands between the braces of an interface of types.ts. */
function interfaceOf(name: string): string {
  const found = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, "m").exec(types)?.[1];
  if (found === undefined) throw new Error(`types.ts has no interface ${name}`);
  return found;
}

function membersOf(name: string): string[] {
  return [...interfaceOf(name).matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member = ""]) => member);
}

/** By member, its docstring as one line. */
function docstringsOf(name: string): Map<string, string> {
  const all = interfaceOf(name).matchAll(/^ {2}\/\*\*([^]*?)\*\/\n {2}readonly (\w+)/gm);
  return new Map(
    [...all].map(([, text = "", member = ""]) => [member, text.replaceAll(/\s*\n\s*\*\s*/g, " ").trim()]),
  );
}

describe("docs/reference/client.md: entries", () => {
  const { name, exports } = JSON.parse(readFileSync(join(root, "packages/client/package.json"), "utf8")) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, string | object>>;
  };
  const entries = Object.entries(exports).flatMap(([path, files]) =>
    typeof files === "string" ? [] : [path.replace(/^\./, name)],
  );
  const rows = tableOf(sectionOf(document, "## Entries"));

  test("has those that the package exports, as the README of the package does", () => {
    expect(sorted(rows.map(([entry]) => entry))).toEqual(sorted(entries));
    const readme = tableOf(sectionOf(readDoc("packages/client/README.md"), "## What to import"));
    expect(sorted(readme.map(([entry]) => entry))).toEqual(sorted(entries));
  });

  test("has what each exports", async () => {
    for (const [entry = "", exported = ""] of rows) {
      const module = (await import(entry)) as object;
      const documented = [...exported.matchAll(/\w+/g)].map(([word]) => word);
      expect(sorted(documented), entry).toEqual(sorted(Object.keys(module)));
    }
  });
});

describe("docs/reference/client.md: options", () => {
  test("of connect are those that there are, and so are the transports", () => {
    const rows = tableOf(sectionOf(document, "## Options"));
    expect(sorted(rows.map(([option]) => option))).toEqual(sorted(membersOf("Options")));
    const [, union = ""] = /^export type TransportName = (.*);$/m.exec(types) ?? [];
    const transports = [...union.matchAll(/"([\w-]+)"/g)].map(([, transport]) => transport);
    const allowed = rows.find(([option]) => option === "transport")?.[2] ?? "";
    expect(sorted([...allowed.matchAll(/`([\w-]+)`/g)].map(([, transport]) => transport))).toEqual(
      sorted(["auto", ...transports]),
    );
    expect(sorted(namesIn("## Transports and platforms"))).toEqual(sorted(transports));
  });

  test.each([
    ["## Reading", ["ReadOptions", "ChannelOptions"]],
    ["## Publishing", ["PublishOptions"]],
    ["## Commands", ["CommandOptions"]],
  ])("%s has those that there are", (heading, interfaces) => {
    expect(sorted(namesIn(heading))).toEqual(sorted(interfaces.flatMap(membersOf)));
  });

  test("each has a docstring that tells its default", () => {
    for (const name of ["Options", "ReadOptions", "ChannelOptions", "PublishOptions", "CommandOptions"]) {
      const docstrings = docstringsOf(name);
      for (const member of membersOf(name).filter((each) => each !== "tuning"))
        expect(docstrings.get(member), `${name}.${member}`).toMatch(/default/i);
    }
  });
});

describe("docs/reference/client.md: tuning", () => {
  const rows = tableOf(sectionOf(document, "## Tuning"));

  test("has the values that there are, with the defaults and least values that hold", () => {
    const held = Object.entries(VALUES).map(([name, [value, least = 0]]) => [
      name,
      String(value),
      String(least),
    ]);
    expect(rows.map((row) => row.slice(0, 3))).toEqual(held);
    expect(sectionOf(document, "## Tuning")).toContain(MOST_MS.toLocaleString("en"));
  });

  test("says of each what 0 means; where there is a least value, that", () => {
    for (const [name = "", , least = "", zero = ""] of rows) {
      expect(zero, name).not.toBe("");
      if (least !== "0") expect(zero, name).toBe(least);
    }
  });

  test("the docstrings of types.ts have the same, and what 0 means", () => {
    const docstrings = docstringsOf("Tuning");
    expect([...docstrings.keys()]).toEqual(Object.keys(VALUES));
    for (const [name, text] of docstrings) {
      const [value, least] = VALUES[name as keyof Tuning];
      expect(text, name).toMatch(new RegExp(`Default ${value.toLocaleString("en")}\\b`));
      if (least === undefined) expect(text, name).toMatch(/\b0: /);
      else expect(text, name).toMatch(new RegExp(`\\bleast ${least.toLocaleString("en")}\\b`));
    }
  });
});

test("docs/reference/client.md: states has the states, with what each carries", () => {
  const union = /^export type Stage =\n([^]*?);\n\n/m.exec(types)?.[1] ?? "";
  const states = union
    .replaceAll(/\/\*\*.*?\*\//g, "")
    .split(/^ {2}\| /m)
    .slice(1);
  const held = states.map((state) => {
    const [, name] = /name: "(\w+)"/.exec(state) ?? [];
    return [name, ...[...state.matchAll(/readonly (?!name)(\w+)\??:/g)].map(([, member]) => member)];
  });
  const documented = tableOf(sectionOf(document, "## States")).map(([name, members = ""]) => [
    name,
    // Of a cell that is one name alone the backticks are gone.
    ...[...members.matchAll(/`(\w+)`|^(\w+)$/g)].map(([, one, alone]) => one ?? alone),
  ]);
  expect(documented).toEqual(held);
});

test("docs/reference/client.md: events has what the client and a channel tell", () => {
  const namesOf = (name: string): string[] =>
    [...interfaceOf(name).matchAll(/\bon\(event: ([^,]*),/g)].flatMap(([, union = ""]) =>
      [...union.matchAll(/"([^"]+)"/g)].map(([, event = ""]) => event),
    );
  const [ofClient = "", ofChannel = ""] = sectionOf(document, "## Events").split("\nOf a channel:\n");
  expect(sorted(tableOf(ofClient).map(([event]) => event))).toEqual(sorted(namesOf("Tidings")));
  const channel = tableOf(ofChannel).map(([event]) => event);
  expect(sorted(channel.filter((event) => event !== "any other name"))).toEqual(sorted(namesOf("Channel")));
});

test("docs/reference/client.md: errors has the client's own codes, each once, and none of the server's", () => {
  const source = readDoc("packages/client/src/errors.ts").replaceAll(/\/\*\*[^]*?\*\//g, "");
  const union = /^export type ClientErrorCode =([^]*?);/m.exec(source)?.[1] ?? "";
  const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map(([, code]) => code);
  expect(sorted(namesIn("## Errors"))).toEqual(sorted(codes));
  const server = tableOf(readDoc("docs/reference/errors.md")).map(([code]) => code);
  expect(codes.filter((code) => server.includes(code ?? ""))).toEqual([]);
});

test("every example of the client is one that its types let pass, in TypeScript and in JavaScript", async () => {
  await mkdir(join(root, "test-output"), { recursive: true });
  const folder = await mkdtemp(join(root, "test-output", "docs-types-"));
  try {
    const files = await Promise.all(
      [
        "docs/reference/client.md",
        "packages/client/README.md",
        "README.md",
        "docs/start.md",
        "docs/concepts.md",
      ]
        .flatMap((path) => blocksOf(readDoc(path)).map((block) => ({ path, block })))
        .filter(({ path, block }) => isOfClient(path, block))
        .map(async ({ path, block }) => {
          const isScript = block.tag.startsWith("js");
          const name = `${path.replaceAll(/\W/g, "-")}-${block.line}.${isScript ? "mjs" : "mts"}`;
          await writeFile(join(folder, name), complete(block, isScript));
          return name;
        }),
    );
    expect(files.length).toBeGreaterThan(8);
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files }),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const said = await exec(process.execPath, [tsc, "-p", folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(said.stdout).toBe("");
  } finally {
    await rm(folder, { recursive: true });
  }
});

const COMPILER_OPTIONS = {
  noEmit: true,
  strict: true,
  checkJs: true,
  allowJs: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  target: "es2024",
  module: "nodenext",
  lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable", "ESNext.Disposable"],
  types: ["node"],
  skipLibCheck: true,
};

function isOfClient(path: string, { tag, text }: Block): boolean {
  return /^(?:ts|js)\b/.test(tag) && (/\/client(?:\.|\/)/.test(path) || text.includes("@tidings/client"));
}

/** A part of a program stands in one that has made a client, and a channel of it; in one line, so that the others keep their numbers. */
function complete({ text }: Block, isScript: boolean): string {
  if (/ from "@tidings\/client/.test(text)) return text;
  const events = isScript ? "" : "<{ progress: { step: number } }>";
  return `import { connect } from "@tidings/client"; import { fileCursors } from "@tidings/client/node"; void fileCursors; const tidings = connect("http://127.0.0.1:8080"); const job = tidings.channel${events}("jobs/8"); void job; ${text}`;
}
