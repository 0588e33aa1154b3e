import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { ask, readJson, type Server } from "../api.ts";
import { describeError, EXIT, Failure } from "../exit.ts";
import { Meter } from "./meter.ts";
import { Retry } from "./retry.ts";

export interface UploadJob {
  readonly server: Server;
  readonly file: string;
  readonly type: string;
  /** Default: the file's own. */
  readonly name: string | undefined;
  readonly ttlMs: number | undefined;
  readonly progress: string | undefined;
  /** How long to go on without any headway. */
  readonly timeoutMs: number;
}

/** What the server answers of the artifact. */
export interface UploadedArtifact {
  readonly id: string;
  readonly url: string;
  readonly size: number;
  readonly type: string;
  readonly sha256: string;
}

/** Uploads a file, and goes on where it was when the connection breaks. */
export async function uploadFile(job: UploadJob): Promise<UploadedArtifact> {
  const { server, file } = job;
  const { size, sha256 } = await lookAt(file);
  const retry = new Retry(job.timeoutMs);
  const path = await begin(job, size, sha256, retry);
  const meter = new Meter(size);
  let offset = 0;
  try {
    for (;;) {
      try {
        const state = offset === 0 ? undefined : await stateOf(server, path);
        if (state?.isComplete === true) return { ...state, sha256, size, url: path, id: basename(path) };
        return await send(server, path, file, offset, meter);
      } catch (error) {
        await retry.after(error);
        const reached = await offsetOf(server, path, retry);
        if (reached > offset) retry.headway();
        offset = reached;
      }
    }
  } finally {
    meter.clear();
  }
}

async function begin(job: UploadJob, size: number, sha256: string, retry: Retry): Promise<string> {
  const query = new URLSearchParams({
    name: job.name ?? basename(job.file),
    ...(job.ttlMs === undefined ? {} : { ttl: String(Math.ceil(job.ttlMs / 1_000)) }),
    ...(job.progress === undefined ? {} : { progress: job.progress }),
  });
  for (;;) {
    try {
      const response = await ask(job.server, `/artifacts?${query.toString()}`, {
        method: "POST",
        headers: {
          "content-type": job.type,
          "upload-complete": "?0",
          "upload-length": String(size),
          // The server compares it once all is there: what the file was when this began is what is stored.
          "repr-digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
        },
      });
      // Below a base path the server's URL has it already.
      return `/artifacts/${basename(response.headers.get("location") ?? "")}`;
    } catch (error) {
      await retry.after(error);
    }
  }
}

async function send(
  server: Server,
  path: string,
  file: string,
  offset: number,
  meter: Meter,
): Promise<UploadedArtifact> {
  let sent = offset;
  const stream = createReadStream(file, { start: offset });
  stream.on("data", (chunk) => {
    sent += chunk.length;
    meter.show(sent);
  });
  try {
    const response = await ask(server, path, {
      method: "PATCH",
      headers: {
        "content-type": "application/partial-upload",
        "upload-offset": String(offset),
        "upload-complete": "?1",
      },
      body: Readable.toWeb(stream) as ReadableStream<Uint8Array>,
      duplex: "half",
    } as RequestInit);
    return await readJson<UploadedArtifact>(server, response);
  } finally {
    stream.destroy();
  }
}

async function stateOf(
  server: Server,
  path: string,
): Promise<{ isComplete: boolean; offset: number; type: string }> {
  const { headers } = await ask(server, path, { method: "HEAD" });
  return {
    isComplete: headers.get("upload-complete") === "?1",
    offset: Number(headers.get("upload-offset")),
    type: headers.get("content-type") ?? "",
  };
}

async function offsetOf(server: Server, path: string, retry: Retry): Promise<number> {
  for (;;) {
    try {
      return (await stateOf(server, path)).offset;
    } catch (error) {
      await retry.after(error);
    }
  }
}

async function lookAt(file: string): Promise<{ readonly size: number; readonly sha256: string }> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error("it is no file");
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return { size: found.size, sha256: hash.digest("hex") };
  } catch (error) {
    throw new Failure(EXIT.failure, `${file} cannot be read: ${describeError(error)}`, error);
  }
}
