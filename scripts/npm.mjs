// Starting npm from a script.
import { environment, run } from "./run.mjs";

/**
 * Runs npm under the given Node.js, whichever one npm itself was started with.
 * @param {string} node path of a Node.js binary
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export async function npm(node, args, cwd) {
  // Install scripts stay blocked whatever npm's version: no dependency here needs one.
  const all = [
    ...args,
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--loglevel=error",
  ];
  // npm's report goes to stderr: stdout is the started program's.
  const options = { cwd, env: environment(node), stdio: /** @type {["ignore", 2, 2]} */ (["ignore", 2, 2]) };
  const cli = process.env.npm_execpath;
  const code =
    cli !== undefined && /npm-cli\.c?js$/.test(cli)
      ? await run(node, [cli, ...all], options)
      : await run("npm", all, { ...options, shell: process.platform === "win32" });
  if (code !== 0)
    throw new Error(`\`npm ${args.join(" ")}\` failed with exit code ${code}; its report is above.`);
}
