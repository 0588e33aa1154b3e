// Centrifugo, where its binary is on the PATH: memory engine, JSON protocol, one channel.
import { execFileSync } from "node:child_process";
import { startProgram } from "../lib/child.mjs";
import { textFrame, UPGRADE } from "../load/wire.mjs";
import { find, folderWith, freePorts, listening } from "./files.mjs";

const KEY = "bench";
const CONF = {
  client: { insecure: true },
  http_api: { key: KEY },
  channel: { without_namespace: { allow_subscribe_for_client: true } },
  log: { level: "error" },
};

export const centrifugo = {
  name: "centrifugo",
  transports: ["ws"],
  how: "memory engine, JSON protocol, client.insecure, publishing by its HTTP API; GOMAXPROCS 1",
  missing: () => (find("centrifugo") === undefined ? "no binary on the PATH" : undefined),
  async start() {
    const [port] = await freePorts(1);
    const { folder, remove } = await folderWith({ "config.json": JSON.stringify(CONF) });
    const binary = /** @type {string} */ (find("centrifugo"));
    const child = startProgram(
      "server",
      binary,
      [
        "-c",
        `${folder}/config.json`,
        "--http_server.address",
        "127.0.0.1",
        "--http_server.port",
        String(port),
      ],
      { env: { ...process.env, GOMAXPROCS: "1" } },
    );
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await listening(port, () =>
      child.exitCode === null ? undefined : `centrifugo ended (${child.exitCode}).`,
    );
    const at = { host: "127.0.0.1", port };
    const hostLine = `Host: 127.0.0.1:${port}\r\n`;
    return {
      name: "centrifugo",
      version: execFileSync(binary, ["version"], { encoding: "utf8" }).trim(),
      transports: this.transports,
      pid: /** @type {number} */ (child.pid),
      ...at,
      reader: () => ({
        ...at,
        kind: "stream",
        head: `GET /connection/websocket HTTP/1.1\r\n${hostLine}${UPGRADE}\r\n`,
        greet: [
          { after: "\r\n\r\n", send: textFrame('{"id":1,"connect":{}}').toString("base64") },
          {
            after: '"connect"',
            send: textFrame('{"id":2,"subscribe":{"channel":"bench"}}').toString("base64"),
          },
        ],
        ready: '"subscribe"',
      }),
      publisher: () => ({
        ...at,
        as: "request",
        head: `POST /api/publish HTTP/1.1\r\n${hostLine}X-API-Key: ${KEY}\r\nContent-Type: application/json\r\n`,
        prefix: '{"channel":"bench","data":',
        suffix: "}",
        ack: "HTTP/1.1 200",
        fault: "HTTP/1.1 4",
      }),
      async stop() {
        child.kill("SIGKILL");
        await ended;
        await remove();
      },
    };
  },
};
