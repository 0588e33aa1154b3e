import { Buffer } from "node:buffer";
import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { pipeline, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { constants, createGunzip } from "node:zlib";
import type { Fetch, FetchAnswer } from "../types.ts";

/** A body up to this, in bytes, is sent in one write with its head; one above may be a file, and is read as it is sent. */
const MAX_WRITTEN_BYTES = 65_536;
/** An answer up to this, in bytes, is read whether or not anybody asks for it: it would keep its connection from the next request. */
const MAX_READ_AHEAD_BYTES = 65_536;
const BODILESS: readonly (number | undefined)[] = [204, 304];
/** What has come is there at once, and not only with what comes after it. */
const AS_IT_COMES = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };

/**
 * The client's `fetch` option for Node.js, over `node:http`: a request takes less than half of the CPU that the global `fetch` takes
 * (90 µs in place of 200), and a client that polls keeps one connection where that opens a second one. Connections are those of Node.js' global
 * agents, kept alive. It does what the client asks for and no more: redirects are not followed, and what is set up for the global
 * `fetch` (dispatchers, mocks) does not hold for it.
 *
 * @throws {Error} (rejects) where the server cannot be reached, or the signal is aborted, also while the body is read
 */
export const httpFetch: Fetch = async (url, { method = "GET", headers, body, signal }) => {
  const own: Record<string, string> = { "accept-encoding": "gzip", ...Object.fromEntries(headers) };
  let content: string | Blob | Buffer | undefined = body;
  if (content instanceof Blob) {
    own["content-length"] = String(content.size);
    if (content.type !== "") own["content-type"] ??= content.type;
    if (content.size <= MAX_WRITTEN_BYTES) content = Buffer.from(await content.arrayBuffer());
  }
  // What one turn brings to several clients is handed on first: of ten the last had a message 2.4 ms after the first while each wrote its
  // next request at once, and has it 0.9 ms after.
  await setImmediate();
  const request = url.startsWith("https:") ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: own }, (answer) => resolve(new HttpAnswer(answer)));
    const abort = (): void => void sent.destroy(signal?.reason as Error);
    sent.on("error", reject);
    // Once it is answered the connection may carry another request.
    sent.on("close", () => signal?.removeEventListener("abort", abort));
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
    else if (content instanceof Blob) pipeline(Readable.from(content.stream()), sent, () => undefined);
    else sent.end(content);
  });
};

class HttpAnswer implements FetchAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: FetchAnswer["headers"];
  readonly #stream: Readable;
  /** What was read ahead. */
  readonly #whole: Promise<Buffer> | undefined;

  constructor(answer: IncomingMessage) {
    const { statusCode = 0, headers } = answer;
    this.status = statusCode;
    this.ok = statusCode >= 200 && statusCode < 300;
    this.headers = { get: (name) => headers[name.toLowerCase()]?.toString() ?? null };
    // Whoever reads is told of a fault by the reading.
    this.#stream = headers["content-encoding"] === "gzip" ? unzipped(answer) : answer.on("error", () => {});
    const length = BODILESS.includes(statusCode) ? 0 : Number(headers["content-length"]);
    if (!(length <= MAX_READ_AHEAD_BYTES)) return;
    this.#whole = buffer(this.#stream);
    this.#whole.catch(() => {});
  }

  get body(): ReadableStream<Uint8Array> {
    const whole = this.#whole;
    if (whole === undefined) return Readable.toWeb(this.#stream) as ReadableStream<Uint8Array>;
    return new ReadableStream({
      async start(controller) {
        controller.enqueue(await whole);
        controller.close();
      },
    });
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await (this.#whole ?? buffer(this.#stream)));
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }
}

function unzipped(answer: IncomingMessage): Readable {
  return pipeline(answer, createGunzip(AS_IT_COMES), () => undefined);
}
