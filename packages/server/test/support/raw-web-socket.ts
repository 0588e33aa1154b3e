import { RawClient } from "./raw-client.ts";

/** RFC 6455 §1.3 has this key, and the answer to it. */
const RFC_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const RFC_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export interface FrameOptions {
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** RSV1–3, as they stand in the first byte. */
  readonly reserved?: number;
}

export interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
}

/** The request of a handshake (RFC 6455 §4.1), with what a test wants otherwise. */
export function handshake(path: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": RFC_KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A client's frame (RFC 6455 §5.2). */
export function frame(opcode: number, payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { isFinal = true, isMasked = true, reserved = 0 } = options;
  const bytes = Buffer.from(payload);
  const mask = isMasked ? Buffer.from([0x37, 0xfa, 0x21, 0x3d]) : Buffer.alloc(0);
  const first = (isFinal ? 0x80 : 0) | reserved | opcode;
  const length = bytes.length < 126 ? [bytes.length] : bytes.length < 65_536 ? [126] : [127];
  const extended = Buffer.alloc(length[0] === 126 ? 2 : length[0] === 127 ? 8 : 0);
  if (extended.length === 2) extended.writeUInt16BE(bytes.length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(bytes.length));
  const masked = isMasked ? bytes.map((byte, at) => byte ^ (mask[at % 4] as number)) : bytes;
  return Buffer.concat([
    Buffer.from([first, (isMasked ? 0x80 : 0) | (length[0] as number)]),
    extended,
    mask,
    masked,
  ]);
}

/** A WebSocket whose every byte a test writes itself. */
export class RawWebSocket implements AsyncDisposable {
  readonly client: RawClient;
  readonly head: string;

  static async open(port: number, path: string, protocol?: string): Promise<RawWebSocket> {
    const client = await RawClient.open(port);
    client.send(handshake(path, protocol === undefined ? {} : { "Sec-WebSocket-Protocol": protocol }));
    return new RawWebSocket(client, await client.until("\r\n\r\n"));
  }

  private constructor(client: RawClient, head: string) {
    this.client = client;
    this.head = head;
  }

  send(opcode: number, payload: string | Uint8Array, options?: FrameOptions): void {
    this.client.send(frame(opcode, payload, options));
  }

  sendJson(value: object): void {
    this.send(OPCODE.text, JSON.stringify(value));
  }

  /** The server's next frame; fails where it is masked, which servers' frames must not be (RFC 6455 §5.1). */
  async frame(): Promise<Frame> {
    const [first = 0, second = 0] = await this.client.take(2);
    if ((second & 0x80) !== 0) throw new Error("a frame of the server is masked");
    let length = second;
    if (second === 126) length = (await this.client.take(2)).readUInt16BE();
    if (second === 127) length = Number((await this.client.take(8)).readBigUInt64BE());
    return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload: await this.client.take(length) };
  }

  /** The next text frame, as JSON; pings are passed over, since they come when they like. */
  async json(): Promise<Readonly<Record<string, unknown>>> {
    const { opcode, payload } = await this.frame();
    if (opcode === OPCODE.ping) return this.json();
    if (opcode !== OPCODE.text) throw new Error(`a frame has opcode ${opcode}, not text`);
    return JSON.parse(payload.toString()) as Record<string, unknown>;
  }

  /** The first JSON frame that has this type. */
  async jsonOf(type: string): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const next = await this.json();
      if (next["type"] === type) return next;
    }
  }

  /** The close frame, after whatever comes before it; it is answered, as a client has to (§5.5.1). */
  async closeFrame(): Promise<{ readonly code: number; readonly reason: string }> {
    for (;;) {
      const { opcode, payload } = await this.frame();
      if (opcode !== OPCODE.close) continue;
      this.send(OPCODE.close, payload);
      return { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}
