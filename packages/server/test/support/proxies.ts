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
  args: (file) => ["-db", "-f", file],
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

function isInstalled({ command }: Pick<Way, "command">): boolean {
  return spawnSync(command, ["-v"], { env }).error === undefined;
}

/** The sentence with which tests of a proxy are skipped where it is not installed; with `REQUIRE_ALL` they are not. */
export function skippedWithout(way: Pick<Way, "command">): string | undefined {
  const isRequired = !["", "0", "false", undefined].includes(process.env["REQUIRE_ALL"]);
  return isRequired || isInstalled(way) ? undefined : `(skipped: ${way.command} is not installed)`;
}

export async function openProxy(way: Way, target: number): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-proxy-"));
  const port = await ownPort();
  const file = join(folder, "proxy.conf");
  await writeFile(file, way.config(port, target, folder));
  const proxy = await runProxy(way.command, way.args(file, folder), port);
  return {
    port,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** HAProxy with a file as it stands, which takes its addresses from the environment. */
export async function openHaproxy(
  file: string,
  port: number,
  addresses: Readonly<Record<string, string>>,
): Promise<Proxy> {
  return runProxy(HAPROXY.command, HAPROXY.args(file, ""), port, addresses);
}

async function runProxy(
  command: string,
  args: readonly string[],
  port: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Proxy> {
  const child = spawn(command, args, { env: { ...env, ...more }, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${said}`);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
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
