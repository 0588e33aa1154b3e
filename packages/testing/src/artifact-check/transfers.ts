import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Content } from "./content.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sends bytes of the content as a request's body; `onSent` is told after each block how many have gone. */
export async function sendContent(
  url: string,
  method: "POST" | "PATCH",
  headers: Readonly<Record<string, string>>,
  content: Content,
  from: number,
  onSent: (sent: number) => void = () => undefined,
): Promise<Answer> {
  const req = request(url, { method, headers: { ...headers, "content-length": content.size - from } });
  const answered = once(req, "response") as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  let sent = from;
  await pipeline(
    Readable.from(content.from(from)),
    async function* (blocks: AsyncIterable<Buffer>) {
      for await (const block of blocks) {
        yield block;
        sent += block.length;
        onSent(sent);
      }
    },
    req,
  );
  const [res] = await answered;
  let body = "";
  for await (const chunk of res) body += String(chunk);
  return { status: res.statusCode ?? 0, headers: res.headers, body };
}

/** Downloads with curl, which goes on where the file ends. With `untilBytes` it is killed once the file has as many. */
export async function curl(url: string, file: string, untilBytes?: number): Promise<number | null> {
  const child = spawn("curl", ["-sS", "-f", "-C", "-", "-o", file, url], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  while (untilBytes !== undefined && child.exitCode === null) {
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    if (size >= untilBytes) child.kill("SIGKILL");
    if (size >= untilBytes) break;
    await delay(5);
  }
  const [code] = await exited;
  return code;
}
