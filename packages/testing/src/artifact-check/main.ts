import { mkdtemp, rm, stat } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ServerProcess } from "../chaos/server-process.ts";
import { Content, sha256OfFile } from "./content.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { curl, sendContent } from "./transfers.ts";

// npm run artifact-check [-- --bytes 2147483648 --max-growth 50]: moves an artifact up and down, kills the server in the
// middle of an upload and curl in the middle of a download, and goes on. Prints a JSON line a step with the server's
// resident memory, and fails where a hash is another one or the memory grew by more than --max-growth megabytes.
const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: String(2 * 1_024 ** 3) },
    "max-growth": { type: "string", default: "50" },
  },
});
const size = Number(values.bytes);
const maxGrowthMb = Number(values["max-growth"]);

const content = new Content(size);
const sha256 = content.sha256();
const folder = await mkdtemp(join(tmpdir(), "tidings-artifact-check-"));
const file = join(folder, "downloaded");
const server = await ServerProcess.create();
const faults: string[] = [];

/** Runs one step, with the memory of the server as it is then watched. */
async function step(name: string, act: () => Promise<string | undefined>): Promise<void> {
  const watch = await MemoryWatch.begin(server.pid ?? 0);
  const beganMs = performance.now();
  const fault = await act();
  const seconds = Math.round((performance.now() - beganMs) / 100) / 10;
  const memory = watch.end();
  if (fault !== undefined) faults.push(`${name}: ${fault}`);
  if (memory.growthMb > maxGrowthMb) faults.push(`${name}: the memory grew by ${memory.growthMb} MB`);
  process.stdout.write(
    `${JSON.stringify({ step: name, seconds, ...memory, ...(fault === undefined ? {} : { fault }) })}\n`,
  );
}

function wrongHash(found: string): string | undefined {
  return found === sha256 ? undefined : `the hash is ${found}, and should be ${sha256}`;
}

/** What it takes before anything has moved is no growth: code is compiled, buffers are made. */
async function warmUp(): Promise<void> {
  const { body } = await sendContent(`${server.url}/artifacts`, "POST", {}, new Content(16 * 1_048_576), 0);
  const { url } = JSON.parse(body) as { url: string };
  await (await fetch(server.url + url)).arrayBuffer();
  await fetch(server.url + url, { method: "DELETE" });
}

try {
  process.stdout.write(
    `${JSON.stringify({ bytes: size, node: process.version, cpu: cpus()[0]?.model, cores: cpus().length })}\n`,
  );
  await server.start();
  await warmUp();
  let url = "";
  await step("upload", async () => {
    const answer = await sendContent(`${server.url}/artifacts`, "POST", {}, content, 0);
    if (answer.status !== 201) return `status ${answer.status}: ${answer.body}`;
    const artifact = JSON.parse(answer.body) as { url: string; sha256: string };
    url = server.url + artifact.url;
    return wrongHash(artifact.sha256);
  });
  await step("download, cut and gone on with by curl -C -", async () => {
    await curl(url, file, size / 3);
    const { size: cutAt } = await stat(file);
    if (cutAt >= size) return "curl was through before it was cut";
    const code = await curl(url, file);
    return code === 0 ? wrongHash(await sha256OfFile(file)) : `curl ended with ${code}`;
  });
  await rm(file);
  await fetch(url, { method: "DELETE" });

  await step("resumable upload, the server killed in the middle", async () => {
    const created = await fetch(`${server.url}/artifacts`, {
      method: "POST",
      headers: { "upload-complete": "?0", "upload-length": String(size) },
    });
    url = server.url + (created.headers.get("location") ?? "");
    let isKilled = false;
    await sendContent(url, "PATCH", patch(0), content, 0, (sent) => {
      if (sent < size / 2 || isKilled) return;
      isKilled = true;
      void server.kill();
    }).catch(() => undefined);
    return isKilled ? undefined : "the server was not killed";
  });
  await server.kill();
  await server.start();
  await warmUp();
  await step("the rest of it, to the server started anew", async () => {
    const half = await fetch(url);
    if (half.status !== 404) return `half an upload was served with ${half.status}`;
    const head = await fetch(url, { method: "HEAD" });
    const offset = Number(head.headers.get("upload-offset"));
    if (!(offset > 0 && offset < size)) return `the offset is ${offset}`;
    const answer = await sendContent(url, "PATCH", patch(offset), content, offset);
    if (answer.status !== 201) return `status ${answer.status}: ${answer.body}`;
    return wrongHash((JSON.parse(answer.body) as { sha256: string }).sha256);
  });
  await step("download", async () => {
    const code = await curl(url, file);
    return code === 0 ? wrongHash(await sha256OfFile(file)) : `curl ended with ${code}`;
  });
} finally {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify({ faults })}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

function patch(offset: number): Record<string, string> {
  return {
    "content-type": "application/partial-upload",
    "upload-offset": String(offset),
    "upload-complete": "?1",
  };
}
