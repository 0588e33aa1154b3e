// The tools that come with the dependencies, run without a shell or a `.bin` link in between.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "./paths.mjs";

/** Tools whose package has another name. @type {Readonly<Record<string, string>>} */
const packageOf = { attw: "@arethetypeswrong/cli", changeset: "@changesets/cli", tsc: "typescript" };

/**
 * The JavaScript file behind a tool's name (`oxlint`) or a path (`packages/…/main.js`).
 * @param {string} nameOrPath
 */
export function scriptOf(nameOrPath) {
  const home = join(root, "node_modules", packageOf[nameOrPath] ?? nameOrPath);
  if (/[\\/.]/.test(nameOrPath) || !existsSync(home)) {
    const path = resolve(root, nameOrPath);
    if (!existsSync(path)) throw new Error(`there is no tool and no file "${nameOrPath}" in this work tree.`);
    return path;
  }
  const { bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  return join(home, typeof bin === "string" ? bin : bin[nameOrPath]);
}
