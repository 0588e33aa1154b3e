import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";
import { parse } from "content-disposition";
import { ask, type Server, UnreachableError } from "../api.ts";
import { describeError, EXIT, Failure } from "../exit.ts";
import { print } from "../terminal.ts";
import { Meter } from "./meter.ts";
import { Retry } from "./retry.ts";

export interface DownloadJob {
  readonly server: Server;
  readonly id: string;
  /** `-` for standard output; default: the artifact's own name, in this folder. */
  readonly output: string | undefined;
  readonly timeoutMs: number;
}

interface Described {
  readonly size: number;
  readonly sha256: string;
  readonly name: string;
}

/** Where the bytes go: a file that another call can go on with, or standard output. */
interface Target {
  readonly has: number;
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  /** What came is not what it should be. */
  drop(): Promise<void>;
}

/** Downloads an artifact, goes on where it was when the connection breaks, and checks its hash. Answers the file's name. */
export async function downloadFile({
  server,
  id,
  output,
  timeoutMs,
}: DownloadJob): Promise<string | undefined> {
  const retry = new Retry(timeoutMs);
  const path = `/artifacts/${encodeURIComponent(id)}`;
  const described = await describe(server, path, id, retry);
  const name = output ?? described.name;
  const hash = createHash("sha256");
  const target = name === "-" ? toStandardOutput() : await openPart(name, described.size, hash);
  const meter = new Meter(described.size);
  let received = target.has;
  try {
    while (received < described.size) {
      try {
        const response = await ask(server, path, {
          headers: { range: `bytes=${received}-`, "if-range": `"${described.sha256}"` },
        });
        if (response.status !== 206) throw new Failure(EXIT.failure, `${id} is another artifact than before`);
        for await (const chunk of bodyOf(server, response)) {
          await target.write(chunk);
          hash.update(chunk);
          received += chunk.length;
          retry.headway();
          meter.show(received);
        }
      } catch (error) {
        await retry.after(error);
      }
    }
  } finally {
    meter.clear();
  }
  const found = hash.digest("hex");
  if (found !== described.sha256) {
    await target.drop();
    throw new Failure(
      EXIT.failure,
      `${id} came with SHA-256 ${found}, and not ${described.sha256}; download it again`,
    );
  }
  await target.finish();
  return name === "-" ? undefined : name;
}

async function describe(server: Server, path: string, id: string, retry: Retry): Promise<Described> {
  for (;;) {
    try {
      const { headers } = await ask(server, path, { method: "HEAD" });
      if (headers.get("upload-complete") === "?0")
        throw new Failure(EXIT.failure, `the upload of ${id} is not finished`);
      const name = parse(headers.get("content-disposition") ?? "attachment").parameters["filename"];
      return {
        size: Number(headers.get("content-length")),
        sha256: (headers.get("etag") ?? "").replaceAll('"', ""),
        // What somebody else chose: never a path, nor a hidden file.
        name: basename(name ?? "").replace(/^\.+/, "") || id,
      };
    } catch (error) {
      await retry.after(error);
    }
  }
}

async function* bodyOf(server: Server, response: Response): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) yield chunk;
  } catch (error) {
    throw new UnreachableError(server, error);
  }
}

async function openPart(name: string, size: number, hash: ReturnType<typeof createHash>): Promise<Target> {
  const part = `${name}.part`;
  try {
    const file = await open(part, "a+", 0o666);
    let has = (await file.stat()).size;
    if (has > size) {
      await file.truncate(0);
      has = 0;
    }
    if (has > 0) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
    return {
      has,
      write: async (bytes) => {
        await file.appendFile(bytes);
      },
      finish: async () => {
        await file.close();
        await rename(part, name);
      },
      drop: async () => {
        await file.close();
        await rm(part, { force: true });
      },
    };
  } catch (error) {
    throw new Failure(EXIT.failure, `${part} cannot be written: ${describeError(error)}`, error);
  }
}

function toStandardOutput(): Target {
  return {
    has: 0,
    write: async (bytes) => print(bytes),
    finish: async () => undefined,
    drop: async () => undefined,
  };
}
