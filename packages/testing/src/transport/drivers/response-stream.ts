import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { EventQueue, follow } from "../event-queue.ts";
import type { ReadOptions, StreamEvent, TransportStream } from "../types.ts";
import type { ReadRequest } from "./read-request.ts";
import { openResponse, type OpenResponse, readText, refusal } from "./response.ts";

/** How a streaming response is asked for and understood. */
export interface StreamDialect {
  readonly accept: string;
  /** Whether the stream is asked for, and has to come, with gzip. */
  readonly isGzip?: boolean | undefined;
  /** The request that goes on from where the reader stands. */
  request(options: ReadOptions, isResumed: boolean, base: string): ReadRequest;
  /** Takes the body's bytes, cut anywhere, and reports events and the connection's id. */
  decoder(
    report: (event: StreamEvent) => void,
    welcome: (connection: string) => void,
  ): { push(bytes: Uint8Array): void };
}

/** Opens an SSE or NDJSON stream. A refusal becomes an event, after which the stream is over. */
export async function openStream(
  base: string,
  dialect: StreamDialect,
  options: ReadOptions,
  isResumed = false,
): Promise<TransportStream> {
  const { url, headers, body } = dialect.request(options, isResumed, base);
  const coding = dialect.isGzip === true ? { "accept-encoding": "gzip" } : {};
  const open = await openResponse(url, { accept: dialect.accept, ...coding, ...headers }, { body });
  const stream = new ResponseStream(base, dialect, options, open);
  if (open.response.statusCode !== 200) await stream.refuse();
  else stream.read();
  return stream;
}

class ResponseStream implements TransportStream {
  readonly cursors: Map<string, string>;
  readonly closeCode: undefined;
  connection: string | undefined;
  readonly #base: string;
  readonly #dialect: StreamDialect;
  readonly #options: ReadOptions;
  readonly #open: OpenResponse;
  readonly #body: Readable;
  readonly #queue = new EventQueue();

  constructor(base: string, dialect: StreamDialect, options: ReadOptions, open: OpenResponse) {
    this.#base = base;
    this.#dialect = dialect;
    this.#options = options;
    this.#open = open;
    this.#body = bodyOf(dialect, open);
    this.cursors = new Map(options.cursors);
  }

  read(): void {
    const decoder = this.#dialect.decoder(
      (event) => this.#queue.push(event),
      (connection) => (this.connection = connection),
    );
    this.#body.on("data", (bytes: Buffer) => decoder.push(bytes));
    this.#body.on("close", () => this.#queue.end());
  }

  async refuse(): Promise<void> {
    const { response } = this.#open;
    this.#queue.push(refusal(response.statusCode ?? 0, await readText(response)));
    this.#queue.end();
  }

  async next(): Promise<StreamEvent | undefined> {
    const event = await this.#queue.take();
    if (event !== undefined) follow(this.cursors, event);
    return event;
  }

  pause(): void {
    this.#body.pause();
  }

  resume(): void {
    this.#body.resume();
  }

  cut(): void {
    this.#open.request.destroy();
  }

  async reopen(url = this.#base): Promise<TransportStream> {
    this.cut();
    return openStream(url, this.#dialect, { ...this.#options, cursors: this.cursors }, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }
}

function bodyOf({ isGzip = false }: StreamDialect, { response }: OpenResponse): Readable {
  const coding = response.headers["content-encoding"];
  if (coding !== (isGzip && response.statusCode === 200 ? "gzip" : undefined))
    throw new Error(`a stream came with the content coding ${String(coding)}`);
  if (coding === undefined) return response;
  const gunzip = createGunzip();
  // What is cut has no trailer, and just ends.
  gunzip.on("error", () => undefined);
  response.on("close", () => gunzip.end());
  return response.pipe(gunzip);
}
