import { accessSync, constants, existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Where a command is, of the PATH and where Debian puts servers. @param {string} command */
export function find(command) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export { existsSync };

/** A folder with files, and how to take it away again. @param {Record<string, string>} files */
export async function folderWith(files) {
  const folder = await mkdtemp(join(tmpdir(), "tidings-bench-"));
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text.replaceAll("{folder}", folder));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Ports that are free now. @param {number} count @returns {Promise<number[]>} */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until something listens there. @param {number} port @param {() => string | undefined} failed */
export async function listening(port, failed) {
  const { connect } = await import("node:net");
  const untilMs = performance.now() + 10_000;
  for (;;) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isThere) return;
    const why = failed();
    if (why !== undefined || performance.now() > untilMs)
      throw new Error(why ?? `nothing listens on port ${port}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
