import { deflateRawSync } from "node:zlib";
import type { Random } from "@tidings/testing";
import { frame, handshake, OPCODE } from "../support/raw-web-socket.ts";

/** Bytes for one connection, in the parts in which they are sent. */
export type Input = readonly Uint8Array[];

/** What a generator may use of the server that is fuzzed. */
export interface Known {
  /** Of a token that may do everything to `fuzz/**`. */
  readonly token: string;
}

const NAMES = [
  "a",
  "fuzz/a",
  "fuzz/b.c",
  "$tidings/canary",
  "__proto__",
  "constructor",
  "..",
  "a//b",
  "é",
  "\u0000",
];
const CURSORS = [
  "earliest",
  "latest",
  "abcdefgh.1",
  "abcdefgh.99999999999999999999",
  "x",
  ".",
  "-1",
  "k3x9f2ab.0",
  "",
];
const SCALARS = [null, true, false, 0, -1, 1e308, 2 ** 53, 0.1, "", "a", "fuzz/a", "\ud800", "x".repeat(300)];
const METHODS = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "QUERY",
  "get",
];
const PATHS = [
  "channels",
  "connect",
  "connections",
  "commands",
  "artifacts",
  "presence",
  "tickets",
  "revocations",
];
const WORDS = [
  "since",
  "last",
  "event",
  "gap",
  "limit",
  "wait",
  "envelope",
  "binary",
  "channel",
  "ticket",
  "key",
  "ifHead",
];

/** Splits bytes where a network might. */
function cut(random: Random, bytes: Uint8Array): Input {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = random.chance(0.5) ? bytes.length : at + random.int(1, Math.min(500, bytes.length - at));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random.int(0, values.length - 1)] as Value;
}

function bytesOf(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.int(0, 255)));
}

/** Changes a few bytes, takes some away, or says some twice. */
function mutate(random: Random, bytes: Buffer): Buffer {
  let changed = Buffer.from(bytes);
  for (let each = random.int(0, 3); each > 0 && changed.length > 0; each--) {
    const at = random.int(0, changed.length - 1);
    const length = random.int(1, 8);
    const [before, after] = [changed.subarray(0, at), changed.subarray(at + length)];
    const between = changed.subarray(at, at + length);
    switch (random.int(0, 3)) {
      case 0:
        changed = Buffer.concat([before, bytesOf(random, length), after]);
        break;
      case 1:
        changed = Buffer.concat([before, after]);
        break;
      case 2:
        changed = Buffer.concat([before, between, between, after]);
        break;
      default:
        changed = Buffer.concat([
          before,
          Buffer.from(pick(random, ["\r\n", "\n", " ", "\0", ":", ",", "%", "0"])),
          after,
        ]);
    }
  }
  return changed;
}

function encoded(random: Random, text: string): string {
  if (random.chance(0.2)) return text.replaceAll(/[\r\n ]/g, "");
  if (random.chance(0.1)) return pick(random, ["%", "%zz", "%00", "%c0%af", "%ff", "%2e%2e%2f", "%25%32%66"]);
  return encodeURIComponent(text.toWellFormed());
}

function queryOf(random: Random): string {
  const pairs = Array.from(
    { length: random.int(0, 4) },
    () => `${pick(random, WORDS)}=${encoded(random, pick(random, [...NAMES, ...CURSORS, "0.01"]))}`,
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** Something like JSON, at times deep, and at times with names that an object has of its own. */
function jsonOf(random: Random, depth = 0): unknown {
  if (depth > 4 || random.chance(0.4)) return pick(random, [...SCALARS, ...NAMES]);
  const values = Array.from({ length: random.int(0, 3) }, () => jsonOf(random, depth + 1));
  if (random.chance(0.4)) return values;
  const names = [
    "type",
    "id",
    "channel",
    "data",
    "subscribe",
    "join",
    "token",
    "since",
    "__proto__",
    "toString",
  ];
  return Object.fromEntries(values.map((value) => [pick(random, names), value]));
}

function deepJson(random: Random): string {
  const depth = random.int(1_000, 40_000);
  const [open, close] = pick(random, [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const);
  return `${open.repeat(depth)}1${random.chance(0.8) ? close.repeat(depth) : ""}`;
}

function bodyOf(random: Random): string {
  if (random.chance(0.1)) return deepJson(random);
  const json = JSON.stringify(jsonOf(random));
  return random.chance(0.3) ? json.slice(0, random.int(0, json.length)) : json;
}

/** Requests, one behind the other, some of them broken. */
export function httpInput(random: Random, { token }: Known): Input {
  const requests = Array.from({ length: random.int(1, 3) }, () => {
    const method = pick(random, METHODS);
    const path = `/${pick(random, PATHS)}/${encoded(random, pick(random, NAMES))}${queryOf(random)}`;
    const body = method === "GET" ? "" : bodyOf(random);
    const isChunked = random.chance(0.2);
    const headers = [
      "Host: 127.0.0.1",
      ...(random.chance(0.8) ? [`Authorization: Bearer ${token}`] : []),
      ...(random.chance(0.3)
        ? [`Authorization: ${pick(random, ["Bearer x", "Basic eA==", `Bearer ${token}x`, "tk_"])}`]
        : []),
      `Content-Type: ${pick(random, ["application/json", "text/plain", "application/x-ndjson", "text/html; charset=x", "*"])}`,
      ...(random.chance(0.3)
        ? [`Accept: ${pick(random, ["text/event-stream", "application/x-ndjson", "*/*;q=2", ";"])}`]
        : []),
      ...(random.chance(0.2) ? [`Last-Event-ID: ${pick(random, CURSORS)}`] : []),
      ...(random.chance(0.2) ? [`Prefer: wait=${pick(random, ["0", "-1", "1e9", "0.01"])}`] : []),
      ...(random.chance(0.2) ? [`If-Match: "${pick(random, CURSORS)}"`] : []),
      ...(random.chance(0.1) ? [`Content-Encoding: ${pick(random, ["gzip", "br", "identity, gzip"])}`] : []),
      ...(random.chance(0.1) ? ["Expect: 100-continue"] : []),
      ...(random.chance(0.1) ? [`Range: bytes=${random.int(0, 9)}-${random.int(0, 9)},-1`] : []),
      ...(isChunked ? ["Transfer-Encoding: chunked"] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ];
    const size = Buffer.byteLength(body).toString(16);
    const sent = isChunked ? `${size}\r\n${body}\r\n0\r\n\r\n` : body;
    return `${method} ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${sent}`;
  });
  const bytes = Buffer.from(requests.join(""), "utf8");
  return cut(random, random.chance(0.5) ? mutate(random, bytes) : bytes);
}

function clientFrame(random: Random, token: string): string {
  if (random.chance(0.05)) return deepJson(random);
  const type = pick(random, [
    "hello",
    "subscribe",
    "unsubscribe",
    "publish",
    "command",
    "cancel",
    "join",
    "update",
    "leave",
    "token",
    "ping",
    "x",
  ]);
  const members: Record<string, unknown> = {
    id: random.chance(0.8) ? String(random.int(0, 9)) : jsonOf(random),
    channel: random.chance(0.8) ? pick(random, NAMES) : jsonOf(random),
    since: pick(random, CURSORS),
    data: jsonOf(random),
    token: random.chance(0.3) ? token : pick(random, NAMES),
    name: pick(random, NAMES),
    state: jsonOf(random),
    ephemeral: pick(random, [true, false, "yes"]),
    encoding: pick(random, ["base64", "x"]),
    last: pick(random, SCALARS),
    events: jsonOf(random),
  };
  const chosen = Object.entries(members).filter(() => random.chance(0.4));
  const text = JSON.stringify({ type, ...Object.fromEntries(chosen) });
  return random.chance(0.1) ? text.replace("{", '{"__proto__":{"admin":["**"]},') : text;
}

/** A `tidings.v1` client whose frames are well-formed and say anything. */
export function framesInput(random: Random, known: Known): Input {
  const headers = random.chance(0.8) ? { Authorization: `Bearer ${known.token}` } : {};
  return [
    Buffer.from(
      handshake(`/connect${queryOf(random)}`, { "Sec-WebSocket-Protocol": "tidings.v1", ...headers }),
    ),
    ...Array.from({ length: random.int(1, 12) }, () => frame(OPCODE.text, clientFrame(random, known.token))),
  ];
}

/** A header of a frame that says what it likes of its length (RFC 6455 §5.2). */
function giant(random: Random): Buffer {
  const length = pick(random, [0x7fffffffffffffffn, 0xffffffffffffffffn, 1n << 32n, 0n, 125n]);
  const header = Buffer.alloc(14);
  header[0] = 0x80 | pick(random, [1, 2]);
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(length, 2);
  return header;
}

function rawFrames(random: Random, { token }: Known): readonly Buffer[] {
  switch (random.int(0, 7)) {
    case 0: // endless fragments
      return [
        frame(OPCODE.text, "[", { isFinal: false }),
        ...Array.from({ length: random.int(10, 400) }, () =>
          frame(OPCODE.continuation, "1,", { isFinal: false }),
        ),
      ];
    case 1: // a flood of control frames
      return Array.from({ length: random.int(10, 400) }, () =>
        frame(pick(random, [OPCODE.ping, OPCODE.pong]), bytesOf(random, random.int(0, 125))),
      );
    case 2:
      return [giant(random), bytesOf(random, random.int(0, 200))];
    case 3: // reserved bits and opcodes
      return [
        frame(random.int(0, 15), bytesOf(random, random.int(0, 200)), {
          reserved: pick(random, [0x10, 0x20, 0x70]),
        }),
      ];
    case 4:
      return [
        frame(random.int(0, 15), bytesOf(random, random.int(0, 130)), {
          isMasked: random.chance(0.5),
          isFinal: random.chance(0.5),
        }),
      ];
    case 5: {
      // compressed, in earnest or not (RFC 7692 §7.2.2)
      const text = clientFrame(random, token) + " ".repeat(random.int(0, 200_000));
      const whole = deflateRawSync(text);
      const sent = random.chance(0.5) ? whole : mutate(random, whole);
      return [frame(OPCODE.text, sent, { reserved: 0x40 })];
    }
    case 6: // a close that is not one
      return [
        frame(OPCODE.close, bytesOf(random, random.int(0, 125))),
        frame(OPCODE.text, '{"type":"ping"}'),
      ];
    default:
      return [bytesOf(random, random.int(1, 400))];
  }
}

/** A handshake that is answered, and then bytes that may be no frames. */
export function webSocketInput(random: Random, known: Known): Input {
  const start = handshake("/connect", {
    Authorization: `Bearer ${known.token}`,
    ...(random.chance(0.7) ? { "Sec-WebSocket-Protocol": "tidings.v1" } : {}),
    ...(random.chance(0.5)
      ? { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" }
      : {}),
  });
  const frames = Array.from({ length: random.int(1, 3) }, () => rawFrames(random, known)).flat();
  return [Buffer.from(start), ...cut(random, Buffer.concat(frames))];
}

/** Handshakes, some of them broken. */
export function handshakeInput(random: Random, { token }: Known): Input {
  const start = handshake(`/channels/${encoded(random, pick(random, NAMES))}${queryOf(random)}`, {
    ...(random.chance(0.7) ? { Authorization: `Bearer ${token}` } : {}),
    "Sec-WebSocket-Version": pick(random, ["13", "8", "", "999"]),
    "Sec-WebSocket-Extensions": pick(random, [
      "permessage-deflate",
      "permessage-deflate; x=1",
      ";;",
      "a".repeat(5_000),
    ]),
    "Sec-WebSocket-Protocol": pick(random, ["tidings.v1", "tidings.v1, tidings.v1", ",", "x"]),
  });
  return cut(random, random.chance(0.5) ? mutate(random, Buffer.from(start)) : Buffer.from(start));
}
