import type { IncomingMessage } from "node:http";
import { type ErrorCode, quote, TidingsError } from "@tidings/protocol";
import { BodyDeadline } from "./body-deadline.ts";
import { PartPipe } from "./part-pipe.ts";

/** Below this a body is read as one, in bytes. */
const SMALL_BYTES = 65_536;
const NOTHING = Buffer.alloc(0);

/**
 * Reads a request's body whole, up to a limit. What is over it is refused without being kept; the caller's answer
 * ends the connection then.
 *
 * @throws {TidingsError} `code` when the body is larger, `CONTENT_TYPE_UNSUPPORTED` when it is compressed,
 *   `REQUEST_TIMEOUT` when it takes too long, `BODY_INVALID` when the client went away in the middle, or something
 *   else has read the body before
 */
export async function readBody(
  req: IncomingMessage,
  maxBytes: number,
  code: ErrorCode,
  advice = "Send less, or in parts.",
): Promise<Buffer> {
  const tooLarge = (): TidingsError =>
    new TidingsError(code, `the body is larger than ${maxBytes} bytes, the limit here. ${advice}`);
  const whole = bodyAtHand(req, maxBytes);
  if (whole !== undefined) return whole;
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const known = readKnown(req, maxBytes);
  if (known !== undefined) return known;
  const parts: Buffer[] = [];
  let size = 0;
  await eachPart(req, (part) => {
    size += part.length;
    if (size > maxBytes) throw tooLarge();
    parts.push(part);
  });
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

/**
 * The body, where it came with its head and is there already, which is how nearly all small ones come: without a promise
 * or an event. `undefined` where it is still to come, is empty, or is larger than asked for.
 *
 * @throws {TidingsError} `CONTENT_TYPE_UNSUPPORTED` when it is compressed
 */
export function bodyAtHand(req: IncomingMessage, maxBytes: number): Buffer | undefined {
  checkEncoding(req);
  const size = req.readableLength;
  // Its client may be gone since: what it sent was whole.
  if (!req.complete || req.readableDidRead || size === 0 || size > maxBytes) return undefined;
  return (req.read() as Buffer | null) ?? undefined;
}

/**
 * A body whose length is known and small comes whole, nearly always in one part: what is read in parts needs more.
 * `undefined` where it is another.
 */
function readKnown(req: IncomingMessage, maxBytes: number): Promise<Buffer> | undefined {
  const length = Number(req.headers["content-length"]);
  if (!(length > 0 && length <= Math.min(maxBytes, SMALL_BYTES)) || req.readableDidRead || req.destroyed)
    return undefined;
  return new Promise((resolve, reject) => {
    const deadline = BodyDeadline.of(req);
    let only: Buffer | undefined;
    let more: Buffer[] | undefined;
    // The listeners stay: they end with the request.
    let isSettled = false;
    req.on("data", (part: Buffer) => {
      if (only === undefined) only = part;
      else (more ??= [only]).push(part);
    });
    req.on("end", () => {
      isSettled = true;
      deadline?.leave();
      resolve(more === undefined ? (only ?? NOTHING) : Buffer.concat(more));
    });
    const fail = (error: unknown): void => {
      deadline?.leave();
      reject(error as Error);
    };
    req.on("close", () => {
      if (!isSettled) fail(broken());
    });
    deadline?.take(fail);
  });
}

/** The beginning of a body: all of it; or what came until it was larger than asked for, and then the rest as it comes. */
export type BodyStart =
  | { readonly isWhole: true; readonly body: Buffer }
  | { readonly isWhole: false; readonly parts: PartPipe };

/**
 * Reads a request's body up to a size. One that is larger is handed over as it comes, from its beginning on: it holds the
 * client back where its parts are not taken, and from then on the time that it may take is that between two parts.
 *
 * @throws {TidingsError} those of {@link readBody}; once it is handed over, whoever takes the parts meets them
 */
export async function startBody(req: IncomingMessage, maxBytes: number): Promise<BodyStart> {
  checkEncoding(req);
  const known = readKnown(req, maxBytes);
  // A copy: what the parser hands out is a part of all that was read, and would keep that for as long as the log keeps it.
  if (known !== undefined) return { isWhole: true, body: Buffer.from(await known) };
  const beginning: Buffer[] = [];
  let size = 0;
  let rest: PartPipe | undefined;
  return new Promise((resolve, reject) => {
    const take = (part: Buffer): Promise<void> | void => {
      if (rest !== undefined) return rest.push(part);
      size += part.length;
      beginning.push(part);
      if (size <= maxBytes) return;
      rest = new PartPipe();
      resolve({ isWhole: false, parts: rest });
      // Taken out, so that the first megabyte is not held for as long as the rest takes.
      return rest.push(...beginning.splice(0));
    };
    eachPart(req, take, { idle: () => rest !== undefined }).then(
      () => (rest === undefined ? resolve({ isWhole: true, body: Buffer.concat(beginning) }) : rest.end()),
      (error: unknown) => (rest === undefined ? reject(error as Error) : rest.end(error)),
    );
  });
}

/**
 * Refuses a body that is not said to be JSON, which also keeps forms of other sites' pages out.
 *
 * @throws {TidingsError} `CONTENT_TYPE_UNSUPPORTED`
 */
export function requireJson(req: IncomingMessage, what: string): void {
  const type = (req.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (/^application\/(?:json|[a-z0-9.+-]+\+json)$/.test(type)) return;
  throw new TidingsError(
    "CONTENT_TYPE_UNSUPPORTED",
    `${what} is JSON, and the body is said to be ${type === "" ? "nothing" : quote(type)}; ` +
      "send it as application/json (curl: -H 'Content-Type: application/json').",
  );
}

/** @throws {TidingsError} `CONTENT_TYPE_UNSUPPORTED` */
export function checkEncoding(req: IncomingMessage): void {
  const encoding = req.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return;
  throw new TidingsError(
    "CONTENT_TYPE_UNSUPPORTED",
    "compressed bodies are not taken; send it without Content-Encoding.",
  );
}

/**
 * Hands out a request's body part by part; a part that is answered with a promise holds the next one back. By events
 * and not by iterating, so that its end can come from elsewhere too: the time that is over. The request is left open
 * where this fails: the problem still has to go out on its connection.
 *
 * While `idle` says so, the time the body may take is that between two parts, and not that of the whole.
 *
 * @throws {TidingsError} `REQUEST_TIMEOUT`, `BODY_INVALID`; and whatever `take` throws
 */
export async function eachPart(
  req: IncomingMessage,
  take: (part: Buffer) => Promise<void> | void,
  { idle = () => false }: { readonly idle?: () => boolean } = {},
): Promise<void> {
  if (req.readableDidRead) {
    throw new TidingsError(
      "BODY_INVALID",
      "the body was read before it came here; mount Tidings ahead of body parsers.",
    );
  }
  if (req.destroyed && !req.complete) throw broken();
  const deadline = BodyDeadline.of(req);
  await new Promise<void>((resolve, reject) => {
    let isTaking = false;
    /** What came while a part was being taken. */
    let afterwards: (() => void) | undefined;
    const settle = (act: () => void): void => {
      if (isTaking) {
        afterwards ??= () => settle(act);
        return;
      }
      req.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onError);
      deadline?.leave();
      req.pause();
      act();
    };
    const onEnd = (): void => settle(resolve);
    const onClose = (): void => settle(() => reject(broken()));
    const onError = (error: unknown): void => settle(() => reject(broken(error)));
    const fail = (error: unknown): void => settle(() => reject(error as Error));
    const taken = (): void => {
      isTaking = false;
      if (afterwards !== undefined) return afterwards();
      if (idle()) deadline?.restart();
      req.resume();
    };
    const onData = (part: Buffer): void => {
      try {
        const taking = take(part);
        if (taking === undefined) {
          if (idle()) deadline?.restart();
          return;
        }
        isTaking = true;
        req.pause();
        if (idle()) deadline?.pause();
        taking.then(taken, (error: unknown) => {
          isTaking = false;
          fail(error);
        });
      } catch (error) {
        fail(error);
      }
    };
    req.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onError);
    deadline?.take(fail);
  });
}

function broken(cause?: unknown): TidingsError {
  return new TidingsError(
    "BODY_INVALID",
    "the body ended before it was whole; send it again.",
    {},
    ...(cause === undefined ? [] : [cause]),
  );
}
