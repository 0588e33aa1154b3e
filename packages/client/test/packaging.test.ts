import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const exec = promisify(execFile);
const workspace = fileURLToPath(new URL("../../..", import.meta.url));
const packageDir = join(workspace, "packages", "client");

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies?: unknown;
  readonly peerDependencies?: unknown;
  readonly optionalDependencies?: unknown;
  readonly unpkg: string;
}

const manifest = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as Manifest;
const entries = Object.entries(manifest.exports).flatMap(([path, files]) =>
  typeof files === "string" ? [] : [{ name: path.replace(/^\./, manifest.name), ...files }],
);

/** What a file and all it imports ask for that is not a file of theirs. */
function reached(file: string): { readonly files: Set<string>; readonly outside: Set<string> } {
  const files = new Set<string>();
  const outside = new Set<string>();
  const walk = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    const text = readFileSync(path, "utf8").replaceAll(/^\s*(?:\/\/[^/]|\*|\/\*).*$/gm, "");
    const named = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']|<reference \w+="([^"]+)"/g);
    for (const [, imported, referred] of named) {
      const specifier = imported ?? `reference ${referred}`;
      if (!specifier.startsWith(".")) outside.add(specifier);
      else walk(declared(resolve(dirname(path), specifier)));
    }
  };
  walk(file);
  return { files, outside };

  /** Declarations say `./types.ts` or `./types.js` of `./types.d.ts`. */
  function declared(path: string): string {
    return file.endsWith(".d.ts") ? path.replace(/(?:\.d)?\.[jt]s$/, ".d.ts") : path;
  }
}

test("nothing has to be installed with it", () => {
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.peerDependencies ?? {}).toEqual({});
  expect(manifest.optionalDependencies ?? {}).toEqual({});
});

describe.each(entries)("$name", ({ name, types, default: code }) => {
  test("its types name nothing outside of the package", () => {
    expect([...reached(join(packageDir, types)).outside]).toEqual([]);
  });

  test("its code imports nothing outside of the package, but for what Node.js has where it is for Node.js", () => {
    const outside = [...reached(join(packageDir, code)).outside];
    const isForNode = name.endsWith("/node");
    expect(outside.filter((specifier) => !isForNode || !specifier.startsWith("node:"))).toEqual([]);
  });
});

describe("as npm packs it", () => {
  let home: string;
  let installed: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "tidings-pack-"));
    const packed = await exec("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", home], {
      cwd: packageDir,
    });
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    await exec("tar", ["-xzf", filename], { cwd: home });
    installed = join(home, "node_modules", manifest.name);
    await mkdir(dirname(installed), { recursive: true });
    await rename(join(home, "package"), installed);
  });
  afterAll(async () => rm(home, { recursive: true }));

  test("it holds what its exports name, and all that those reach", () => {
    const wanted = entries.flatMap(({ types, default: code }) =>
      [types, code].flatMap((file) => [...reached(join(packageDir, file)).files]),
    );
    wanted.push(join(packageDir, manifest.unpkg), join(packageDir, "README.md"), join(packageDir, "LICENSE"));
    const missing = wanted.filter((file) => !existsSync(file.replace(packageDir, installed)));
    expect(missing).toEqual([]);
  });

  test("it type-checks where nothing else is installed, its own declarations included", async () => {
    const imports = entries
      .filter(({ name }) => !name.endsWith("/node")) // which needs the types of Node.js
      .map(({ name }, n) => `import { connect as connect${n} } from "${name}";\nvoid connect${n};`);
    await writeFile(
      join(home, "user.ts"),
      [
        ...imports,
        `import type { Tidings } from "${manifest.name}";`,
        `import { presence, schemas } from "${manifest.name}/sse";`,
        `export const withParts = connect1("http://127.0.0.1:8080", {}, { presence, schemas });`,
        `export const tidings: Tidings = connect0("http://127.0.0.1:8080", { transport: "auto" });`,
        `for await (const { data } of tidings.channel("a").messages({ since: "earliest" })) void data;`,
      ].join("\n"),
    );
    await writeFile(
      join(home, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          noEmit: true,
          strict: true,
          target: "es2022",
          module: "nodenext",
          moduleDetection: "force",
          lib: ["ES2022", "DOM", "DOM.Iterable"],
          types: [],
          skipLibCheck: false,
          exactOptionalPropertyTypes: true,
        },
        files: ["user.ts"],
      }),
    );
    await writeFile(join(home, "package.json"), '{ "type": "module" }');
    const tsc = join(workspace, "node_modules", "typescript", "bin", "tsc");
    const said = await exec(process.execPath, [tsc, "-p", home]).catch((error: { stdout: string }) => error);
    expect(said.stdout).toBe("");
  });

  test("each entry can be imported there, with the same error class in all of them", async () => {
    const names = entries.map(({ name }) => name);
    const script = `
      const modules = await Promise.all(${JSON.stringify(names)}.map((name) => import(name)));
      console.log(JSON.stringify({
        names: modules.map((module) => Object.keys(module).sort()),
        classes: new Set(modules.map((module) => module.TidingsError).filter(Boolean)).size,
      }));`;
    await writeFile(join(home, "import.mjs"), script);
    const { stdout } = await exec(process.execPath, ["import.mjs"], { cwd: home });
    expect(JSON.parse(stdout)).toEqual({
      names: names.map((name) => {
        if (name.endsWith("/node")) return ["fileCursors", "httpFetch"];
        // What the whole has by itself, the others are given.
        const parts = name === manifest.name ? [] : ["cursors", "page", "presence", "renewal", "schemas"];
        return ["TidingsError", "connect", ...parts];
      }),
      classes: 1,
    });
  });

  test("the one file for script elements is complete by itself", async () => {
    const alone = join(home, "alone.mjs");
    await writeFile(alone, readFileSync(join(installed, manifest.unpkg)));
    const { files, outside } = reached(alone);
    expect([...files, ...outside]).toEqual([alone]);
    const script = 'console.log(Object.keys(await import("./alone.mjs")).sort().join())';
    const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", script], { cwd: home });
    expect(stdout).toBe("TidingsError,connect\n");
  });
});
