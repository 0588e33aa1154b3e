import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { problemResponse } from "./problem.ts";
import { readRange } from "./ranges.ts";

const HEADERS = {
  "Content-Type": "text/plain; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
  "Accept-Ranges": "bytes",
  // It may have grown.
  "Cache-Control": "no-cache",
};

/** The log as it is now, or a range of it. One that is not there yet is empty. */
export async function serveLog(path: string, id: string, request: Request): Promise<Response> {
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  // A log only grows, so its length says what is in it: a strong validator (RFC 9110 §8.8.3).
  const tag = `"${id}-${size}"`;
  const headers = { ...HEADERS, ETag: tag };
  const known = (request.headers.get("if-none-match") ?? "").split(",").map((each) => each.trim());
  if (known.includes(tag) || known.includes(`W/${tag}`)) return new Response(null, { status: 304, headers });
  const condition = request.headers.get("if-range");
  const isSame = condition === null || condition === tag;
  const range = isSame ? readRange(request.headers.get("range") ?? undefined, size) : undefined;
  if (range === "outside") {
    return problemResponse("RANGE_INVALID", `the log has ${size} bytes.`, {
      headers: { "Content-Range": `bytes */${size}`, ETag: tag },
    });
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  const length = last - first + 1;
  const body = request.method === "HEAD" || length === 0 ? null : read(path, first, last);
  return new Response(body, {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      "Content-Length": String(length),
      ...(range === undefined ? {} : { "Content-Range": `bytes ${first}-${last}/${size}` }),
    },
  });
}

function read(path: string, start: number, end: number): ReadableStream {
  return Readable.toWeb(createReadStream(path, { start, end })) as ReadableStream;
}
