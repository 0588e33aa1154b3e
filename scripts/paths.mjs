// Where things are in the work tree.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace's root folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** What the scripts keep for themselves: the private runtime and the lock. Not in git. */
export const privateDir = join(root, ".node");

/**
 * @typedef {{ dir: string, manifest: { name: string, private?: boolean } }} Package
 * @returns {Package[]} the workspace's packages, by folder name
 */
export function packages() {
  const parent = join(root, "packages");
  return readdirSync(parent)
    .sort()
    .map((name) => join(parent, name))
    .filter((dir) => existsSync(join(dir, "package.json")))
    .map((dir) => ({ dir, manifest: JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) }));
}
