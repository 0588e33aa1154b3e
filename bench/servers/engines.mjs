// What several nodes of Tidings keep one log in. Each runs on the server's core, as whoever serves does.
import { connect } from "node:net";
import { startProgram } from "../lib/child.mjs";
import { find, folderWith, freePorts, listening } from "./files.mjs";

/**
 * @typedef {object} Engine
 * @property {string} url of the log
 * @property {number} pid
 * @property {() => Promise<number>} sentBytes what it has sent to all its clients so far
 * @property {() => Promise<void>} stop
 */

const redis = {
  name: "redis",
  missing: () => (find("redis-server") === undefined ? "redis-server is not installed" : undefined),
  /** With its append-only file, flushed each second: what survives a kill. @returns {Promise<Engine>} */
  async start() {
    const [port] = await freePorts(1);
    const { folder, remove } = await folderWith({});
    const settings = {
      port,
      bind: "127.0.0.1",
      dir: folder,
      save: "",
      appendonly: "yes",
      loglevel: "warning",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const child = startProgram("server", /** @type {string} */ (find("redis-server")), args);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await listening(port, () =>
      child.exitCode === null ? undefined : `redis-server ended (${child.exitCode}).`,
    );
    return {
      url: `redis://127.0.0.1:${port}`,
      pid: /** @type {number} */ (child.pid),
      async sentBytes() {
        const text = await ask(port, "INFO stats\r\n", "total_net_output_bytes:");
        return Number(/total_net_output_bytes:(\d+)/.exec(text)?.[1]);
      },
      async stop() {
        child.kill("SIGKILL");
        await ended;
        await remove();
      },
    };
  },
};

const nats = {
  name: "nats",
  missing: () => (find("nats-server") === undefined ? "nats-server is not installed" : undefined),
  /** With JetStream on disk, as it comes. @returns {Promise<Engine>} */
  async start() {
    const [port, monitor] = await freePorts(2);
    const { folder, remove } = await folderWith({
      "nats.conf": `listen: "127.0.0.1:${port}"\nhttp: "127.0.0.1:${monitor}"\njetstream { store_dir: "{folder}/store" }\n`,
    });
    const command = /** @type {string} */ (find("nats-server"));
    const child = startProgram("server", command, ["-c", `${folder}/nats.conf`, "-l", `${folder}/log`]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await listening(port, () =>
      child.exitCode === null ? undefined : `nats-server ended (${child.exitCode}).`,
    );
    return {
      url: `nats://127.0.0.1:${port}`,
      pid: /** @type {number} */ (child.pid),
      async sentBytes() {
        const response = await fetch(`http://127.0.0.1:${monitor}/varz`);
        return /** @type {{ out_bytes: number }} */ (await response.json()).out_bytes;
      },
      async stop() {
        child.kill("SIGKILL");
        await ended;
        await remove();
      },
    };
  },
};

/** @type {readonly { name: string, missing(): string | undefined, start(): Promise<Engine> }[]} */
export const engines = [redis, nats];

/** Sends a line, and answers with all that came until a word was in it. @param {number} port @param {string} line @param {string} word */
async function ask(port, line, word) {
  const socket = connect(port, "127.0.0.1");
  socket.write(line);
  let text = "";
  for await (const bytes of socket) {
    text += bytes;
    if (text.includes(word)) break;
  }
  return text;
}
