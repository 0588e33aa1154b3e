import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPort } from "@tidings/testing";

/** A proxy of the system in front of a server, which lets nobody at `/channels/hidden`. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
}

interface Way {
  readonly command: string;
  readonly args: (file: string, folder: string) => readonly string[];
  readonly config: (port: number, target: number, folder: string) => string;
}

// Connections to the server are kept and shared, as they are where requests of many come over them.
const NGINX: Way = {
  command: "nginx",
  args: (file, folder) => ["-c", file, "-p", folder, "-e", join(folder, "error.log")],
  config: (port, target, folder) => `
daemon off; master_process off; pid ${folder}/pid;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/a; uwsgi_temp_path ${folder}/b; scgi_temp_path ${folder}/c;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  upstream tidings { server 127.0.0.1:${target}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location = /channels/hidden { return 403; }
    location / {
      proxy_pass http://tidings; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
      proxy_set_header Host 127.0.0.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }
  }
}`,
};

const HAPROXY: Way = {
  command: "haproxy",
  args: (file) => ["-db", "-q", "-f", file],
  config: (port, target) => `
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
  http-reuse always
frontend all
  bind 127.0.0.1:${port}
  http-request deny if { path /channels/hidden }
  default_backend tidings
backend tidings
  http-request set-header Host 127.0.0.1
  server one 127.0.0.1:${target}
`,
};

export const PROXIES: Readonly<Record<"nginx" | "haproxy", Way>> = { nginx: NGINX, haproxy: HAPROXY };

// Where Debian has servers is not on everybody's path.
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };

export function isInstalled({ command }: Way): boolean {
  return spawnSync(command, ["-v"], { env }).error === undefined;
}

export async function openProxy(way: Way, target: number): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-proxy-"));
  const port = await ownPort();
  const file = join(folder, "proxy.conf");
  await writeFile(file, way.config(port, target, folder));
  const child = spawn(way.command, way.args(file, folder), { env, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${way.command} ended: ${said}`);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
