// The transport lab, as its own command line starts it, asked over HTTP as its page asks it.
import { startProgram } from "../lib/child.mjs";
import { firstUrl } from "./tidings.mjs";

const cli = new URL("../../packages/server/bin/tidings.js", import.meta.url).pathname;
/** Between two looks at how it stands, in milliseconds. */
const LOOK_MS = 50;

export async function startLab() {
  const child = startProgram(undefined, process.execPath, [cli, "lab", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await firstUrl(child.stdout);
  /** @param {string} name @param {object} [input] @returns {Promise<any>} */
  const command = async (name, input) => {
    const headers = { "content-type": "application/json" };
    const body = input === undefined ? {} : { headers, body: JSON.stringify(input) };
    const answer = await fetch(`${url}/commands/${name}`, { method: "POST", ...body });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${name}: ${value.code}: ${value.detail}`);
    return value;
  };
  return {
    command,
    /** @param {(results: any) => boolean} holds @returns {Promise<any>} the results of which it does */
    async until(holds) {
      for (;;) {
        const { results } = await command("lab.state");
        if (results.run?.phase === "failed") throw new Error(results.run.reason);
        if (holds(results)) return results;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
