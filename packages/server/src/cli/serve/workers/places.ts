import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { EXIT, Failure } from "../../exit.ts";

/** The folder's name and those of the sockets in it have to fit into a socket's address with it (Linux 108 bytes, macOS 104). */
const MAX_SOCKET_PATH_BYTES = 103;

/** Where workers hand requests to the process that has the artifacts. */
export interface Places {
  readonly primary: string;
}

/**
 * Makes a folder for sockets that is this user's alone (0700), so that nobody else can connect.
 *
 * @throws {Failure} where its name is too long for a socket's address
 */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-"));
  const longest = placesIn(folder).primary;
  if (process.platform === "win32" || Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES) return folder;
  await removeFolder(folder);
  throw new Failure(
    EXIT.failure,
    `the folder for temporary files is too far down for a socket's address (${longest}); name another one by TMPDIR.`,
  );
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

export function placesIn(folder: string): Places {
  // Windows has named pipes, of which the folder's random name makes one nobody guesses.
  const at = (name: string): string =>
    process.platform === "win32" ? `\\\\.\\pipe\\${basename(folder)}-${name}` : join(folder, `${name}.sock`);
  return { primary: at("primary") };
}
