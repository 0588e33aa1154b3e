import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { linkScript } from "../../../src/transports/page/link.ts";

interface Modules extends AsyncDisposable {
  readonly link: () => string;
}

/** Compiled modules in a folder of their own; `main.js` is where linking begins. */
async function modules(files: Readonly<Record<string, string>>): Promise<Modules> {
  const dir = await mkdtemp(join(tmpdir(), "tidings-link-"));
  for (const [name, code] of Object.entries(files)) await writeFile(join(dir, name), code);
  const main = pathToFileURL(join(dir, "main.js"));
  return { link: () => linkScript(main), [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

test("a module and all it imports become one script without imports, each module once and before its users", async () => {
  await using code = await modules({
    "main.js": 'import { b } from "./b.js";\nimport {\n  a,\n} from "./a.js";\nresult = [a, b()];\n',
    "a.js": "export const a = 1;\n//# sourceMappingURL=a.js.map",
    "b.js": 'import { a } from "./a.js";\nexport function b() {\n  return a + 1;\n}\n',
  });
  const script = code.link();
  expect(script).not.toMatch(/import|export|sourceMappingURL/);
  const scope: { result?: unknown } = {};
  runInNewContext(script, scope);
  expect(scope.result).toEqual([1, 2]);
});

test("what a package exports is found through its entry", async () => {
  await using code = await modules({
    "main.js": 'import { SseDecoder } from "@tidings/protocol";\nresult = SseDecoder;\n',
  });
  expect(code.link()).toContain("class SseDecoder");
});

test.each([
  [
    "a name that two modules declare",
    'import { a } from "./a.js";\nconst b = a;\n',
    "export const a = 1;\nconst b = 2;\n",
    /declares b, and so does/,
  ],
  [
    "an import under another name",
    'import { a as c } from "./a.js";\n',
    "export const a = 1;\n",
    /another name/,
  ],
  ["an import of all", 'import * as a from "./a.js";\n', "export const a = 1;\n", /cannot be joined/],
  [
    "an export apart from its declaration",
    'import { a } from "./a.js";\n',
    "const a = 1;\nexport { a };\n",
    /cannot be joined/,
  ],
  [
    "text that would end the script in HTML",
    'import { a } from "./a.js";\n',
    'export const a = "</SCRIPT>";\n',
    /HTML would read/,
  ],
])("%s is refused", async (_name, main, a, fault) => {
  await using code = await modules({ "main.js": main, "a.js": a });
  expect(() => code.link()).toThrow(fault);
});
