import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { getSystemErrorName } from "node:util";

/** A write as Node's handles know it. */
interface WriteRequest {
  /** What the system is yet to take of, so that it is not collected. */
  bytes?: Uint8Array;
  oncomplete?: (status: number) => void;
  /** -1 for as long as no handle waits with it for the system to take something. */
  getAsyncId(): number;
}

/** What writes for a socket's stream. */
interface Handle {
  /** Answers 0, or the system's error. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** In bytes: of what it was given, what the system has not taken yet. */
  readonly writeQueueSize: number;
}

type Write = Writable["_write"];
type Handled = Socket & { readonly _handle?: Partial<Handle> | null; _write?: Write };

const UNUSED = -1;

let Request: (new () => WriteRequest) | undefined;
/** One for all writes that are over at once, which is nearly all of them. */
let request: WriteRequest | undefined;
/** The kind of the handle that was looked at last and is as expected: to look costs 3 % of a small write. */
let known: unknown;
/** Whether handles are not written to in the way that is known here, which is found out once. */
let isOff = false;

/**
 * Writes to a socket past its stream, as long as the system takes all of it at once: an eighth of what a small write
 * costs is what the stream keeps of it in the meantime. What is left is the stream's, as if it had been given just that.
 * Handles are Node's own affair: where one does not look as expected, TLS and HTTP/2 among them, the stream writes.
 */
export function writeStraight(stream: Writable, bytes: Uint8Array): void {
  const socket = stream as Handled;
  const handle = socket._handle;
  if (socket.writableLength > 0 || socket.writableCorked > 0 || !isPlain(handle))
    return void socket.write(bytes);
  if (request === undefined) return learn(socket, handle, bytes);
  const error = handle.writeBuffer(request, bytes);
  // As the stream would take it. Nothing is written once more: a part of it may have gone.
  if (error !== 0) return void socket.destroy(errorOf(error));
  if (request.getAsyncId() !== UNUSED) leave(socket, handle, bytes);
}

/** Whether it is one of a TCP connection or of a Unix socket. */
function isPlain(handle: Partial<Handle> | null | undefined): handle is Handle {
  if (isOff || handle === undefined || handle === null) return false;
  if (handle.constructor === known) return true;
  if (typeof handle.writeQueueSize !== "number" || handle.writeBuffer === undefined) return false;
  known = handle.constructor;
  return true;
}

/** Looks what the stream itself gives to its handle. */
function learn(socket: Handled, handle: Handle, bytes: Uint8Array): void {
  const write = handle.writeBuffer.bind(handle);
  const look: Handle["writeBuffer"] = (given, chunk) => {
    Request = given.constructor as typeof Request;
    return write(given, chunk);
  };
  instead(handle, "writeBuffer", look, () => socket.write(bytes));
  const made: Partial<WriteRequest> | undefined = Request === undefined ? undefined : new Request();
  if (made?.getAsyncId?.() === UNUSED) request = made as WriteRequest;
  else isOff = true;
}

/**
 * The system has not taken all of it at once, and the handle waits with the request, which is not to be given to another one
 * before. Has the stream wait for what is left as for a write of its own.
 */
function leave(socket: Handled, handle: Handle, bytes: Uint8Array): void {
  const waiting = request as WriteRequest;
  request = new (Request as new () => WriteRequest)();
  const left = handle.writeQueueSize;
  // The handle has tried once more, and it went.
  if (left === 0) return;
  waiting.bytes = bytes;
  const wait: Write = (_chunk, _encoding, done) => {
    waiting.oncomplete = (status) => done(status < 0 && !socket.destroyed ? errorOf(status) : null);
  };
  instead(socket, "_write", wait, () => socket.write(bytes.subarray(bytes.length - left)));
  // Never seen; but a client that was sent something twice would not know.
  if (waiting.oncomplete === undefined) socket.destroy();
}

/** Has an object a method of another kind while something is done. */
function instead<Name extends string, Method>(
  object: { [name in Name]?: Method },
  name: Name,
  method: Method,
  work: () => void,
): void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  object[name] = method;
  work();
  delete object[name];
  if (own !== undefined) Object.defineProperty(object, name, own);
}

function errorOf(status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: "write" });
}
