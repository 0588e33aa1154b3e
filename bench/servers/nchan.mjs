// Nchan, nginx's module, as its README sets it up: one worker (the server has one core), a buffer of the newest messages.
import { execFileSync } from "node:child_process";
import { startProgram } from "../lib/child.mjs";
import { UPGRADE } from "../load/wire.mjs";
import { existsSync, find, folderWith, freePorts, listening } from "./files.mjs";

const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";

const CONF = (port) => `
load_module ${MODULE};
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/pid;
error_log {folder}/error.log error;
events { worker_connections 16384; multi_accept on; }
http {
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000;
  tcp_nodelay on;
  nchan_shared_memory_size 512M;
  nchan_message_buffer_length 10000;
  nchan_message_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=8192;
    location /pub { nchan_publisher; nchan_channel_id bench; }
    location /sub { nchan_subscriber websocket eventsource longpoll; nchan_channel_id bench; nchan_subscriber_first_message newest; }
  }
}
`;

export const nchan = {
  name: "nchan",
  transports: ["ws", "sse"],
  how: "nginx with one worker, `nchan_publisher` and `nchan_subscriber`, a buffer of 10,000 messages in shared memory",
  missing() {
    if (find("nginx") === undefined) return "nginx is not installed (Debian: libnginx-mod-nchan)";
    return existsSync(MODULE) ? undefined : "the module is not installed (Debian: libnginx-mod-nchan)";
  },
  async start() {
    const [port] = await freePorts(1);
    const { folder, remove } = await folderWith({ "nginx.conf": CONF(port) });
    const nginx = /** @type {string} */ (find("nginx"));
    const child = startProgram("server", nginx, ["-p", folder, "-c", `${folder}/nginx.conf`]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await listening(port, () => (child.exitCode === null ? undefined : `nginx ended (${child.exitCode}).`));
    const at = { host: "127.0.0.1", port };
    const head = (accept) => `GET /sub HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${accept}\r\n`;
    return {
      name: "nchan",
      version: versionOf(nginx),
      transports: this.transports,
      pid: /** @type {number} */ (child.pid),
      ...at,
      /** @param {string} transport */
      reader: (transport) => ({
        ...at,
        kind: "stream",
        head: head(transport === "ws" ? UPGRADE : "Accept: text/event-stream\r\n"),
        ready: transport === "ws" ? "\r\n\r\n" : ": hi",
      }),
      publisher: () => ({
        ...at,
        as: "request",
        head: `POST /pub HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`,
        prefix: "",
        suffix: "",
        ack: "HTTP/1.1 20",
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

/** @param {string} nginx */
function versionOf(nginx) {
  try {
    const [, version] = /Version: (\S+)/.exec(
      execFileSync("dpkg", ["-s", "libnginx-mod-nchan"], { encoding: "utf8" }),
    ) ?? [undefined, "unknown"];
    return version;
  } catch {
    return nginx;
  }
}
