// Pushpin before a backend that holds each request and subscribes it to one channel. Its bounds on the rate of messages
// (2,500 a second) are raised, since they would be what is measured.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { startProgram } from "../lib/child.mjs";
import { UPGRADE } from "../load/wire.mjs";
import { find, folderWith, freePorts, listening } from "./files.mjs";

const CONF = (port, publishPort, [pull, sub, command]) => `
[global]
include={folder}/internal.conf
rundir={folder}
ipc_prefix=bench-
port_offset=0
stats_connection_ttl=120

[runner]
services=condure,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:${port}
logdir={folder}
log_level=0
client_buffer_size=8192
client_maxconn=20000
condure_bin=condure

[proxy]
routesfile=routes
debug=false
sig_key=changeme
updates_check=off

[handler]
push_in_spec=tcp://127.0.0.1:${pull}
push_in_sub_specs=tcp://127.0.0.1:${sub}
push_in_sub_connect=false
push_in_http_addr=127.0.0.1
push_in_http_port=${publishPort}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
stats_spec=ipc://{folder}/bench-stats
command_spec=tcp://127.0.0.1:${command}
message_rate=1000000
message_hwm=1000000
message_wait=5000
id_cache_ttl=60
connection_subscription_max=20
subscription_linger=60
stats_subscription_ttl=60
stats_report_interval=10
stats_format=tnetstring
`;

/** What the proxy asks its backend by; here in our folder, and let through to loopback. */
const ZURL = `
[General]
in_spec=ipc://{folder}/zurl-in
in_stream_spec=ipc://{folder}/zurl-in-stream
out_spec=ipc://{folder}/zurl-out
in_req_spec=ipc://{folder}/zurl-req
defpolicy=allow
deny=
max_open_requests=20000
buffer_size=200000
timeout=600
in_hwm=100000
out_hwm=100000
`;

/** ZMTP 3.0 without security, as what pushes (rfc.zeromq.org/spec/23): a greeting, and READY. */
const GREETING = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]),
  Buffer.from("NULL".padEnd(52, "\0")),
  Buffer.from("\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH", "latin1"),
]).toString("base64");

export const pushpin = {
  name: "pushpin",
  transports: ["ws", "sse"],
  how: "condure, pushpin-proxy and pushpin-handler, all on the server's core; a GRIP backend; message_rate raised",
  missing: () =>
    ["pushpin", "condure", "zurl"].every(find) ? undefined : "not installed (Debian: pushpin, zurl)",
  async start() {
    const backend = createServer((req, res) => {
      req.resume();
      req.on("end", () => {
        if (req.headers["content-type"] === "application/websocket-events")
          res
            .writeHead(200, {
              "Content-Type": "application/websocket-events",
              "Sec-WebSocket-Extensions": 'grip; message-prefix=""',
            })
            .end(`OPEN\r\n${event('c:{"type":"subscribe","channel":"bench"}')}${event("ready")}`);
        else
          res
            .writeHead(200, {
              "Content-Type": "text/event-stream",
              "Grip-Hold": "stream",
              "Grip-Channel": "bench",
            })
            .end(": ready\n\n");
      });
    });
    await new Promise((resolve) => backend.listen(0, "127.0.0.1", () => resolve(undefined)));
    const [port, publishPort, ...rest] = await freePorts(5);
    const { folder, remove } = await folderWith({
      "pushpin.conf": CONF(port, publishPort, rest),
      "internal.conf": readFileSync("/usr/lib/pushpin/internal.conf", "utf8").replaceAll(
        "/var/run/zurl/",
        "{folder}/",
      ),
      "zurl.conf": ZURL,
      routes: `* 127.0.0.1:${backend.address().port},over_http\n`,
    });
    const zurl = startProgram(
      "load",
      /** @type {string} */ (find("zurl")),
      [`--config=${folder}/zurl.conf`],
      {
        stdio: "ignore",
      },
    );
    const child = startProgram(
      "server",
      /** @type {string} */ (find("pushpin")),
      [`--config=${folder}/pushpin.conf`],
      {
        stdio: "ignore",
      },
    );
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const failed = () => (child.exitCode === null ? undefined : `pushpin ended (${child.exitCode}).`);
    await listening(port, failed);
    await listening(publishPort, failed);
    const at = { host: "127.0.0.1", port };
    return {
      name: "pushpin",
      version: versionOf(),
      transports: this.transports,
      pid: /** @type {number} */ (child.pid),
      ...at,
      /** @param {string} transport */
      reader: (transport) => ({
        ...at,
        kind: "stream",
        head: `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${transport === "ws" ? UPGRADE : "Accept: text/event-stream\r\n"}\r\n`,
        ready: "ready",
      }),
      /** By ZeroMQ, since its HTTP interface closes the connection after each message. @param {{ transport?: string }} [options] */
      publisher: ({ transport } = {}) => ({
        host: "127.0.0.1",
        port: rest[0],
        as: "zmtp",
        open: GREETING,
        opened: "READY",
        prefix: `J{"channel":"bench","formats":${transport === "ws" ? '{"ws-message":{"content":"' : '{"http-stream":{"content":"data: '}`,
        suffix: transport === "ws" ? '"}}}' : '\\n\\n"}}}',
        isQuoted: true,
        ack: "",
      }),
      async stop() {
        child.kill("SIGTERM");
        zurl.kill("SIGTERM");
        await ended;
        backend.close();
        backend.closeAllConnections();
        await remove();
      },
    };
  },
};

/** An event of WebSocket-over-HTTP. @param {string} text */
const event = (text) => `TEXT ${text.length.toString(16)}\r\n${text}\r\n`;

function versionOf() {
  try {
    return execFileSync("pushpin", ["--version"], { encoding: "utf8" }).trim().split(" ").at(-1);
  } catch {
    return "unknown";
  }
}
