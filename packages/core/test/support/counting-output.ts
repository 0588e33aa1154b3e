import { ndjsonFormat, type TidingsError, type WireFormat } from "@tidings/protocol";
import {
  Connection,
  type ConnectionOptions,
  type ConnectionOutput,
  type Hub,
  type StreamCodec,
} from "../../src/index.ts";
import { PAGE, text } from "./fixtures.ts";

const encoder = new TextEncoder();
const asItIs = (error: unknown): TidingsError => error as TidingsError;

/** Frames as lines of JSON. */
export function jsonCodec(format: WireFormat = ndjsonFormat): StreamCodec {
  return {
    format,
    frame: (frame) => encoder.encode(`${JSON.stringify(frame)}\n`),
    json: (_type, line) => encoder.encode(`${line}\n`),
  };
}

/** An output that keeps each write. */
export class CountingOutput implements ConnectionOutput {
  readonly writes: Uint8Array[] = [];
  isBlocked = false;
  lost: (channel: string, error: unknown) => void = () => undefined;
  broken: (error: unknown) => void = () => undefined;

  get bytes(): number {
    return this.writes.reduce((sum, write) => sum + write.length, 0);
  }

  get text(): string {
    return this.writes.map(text).join("");
  }

  /** What was written since the last call, as JSON lines. */
  take(): Record<string, unknown>[] {
    const lines = this.text.split("\n").slice(0, -1);
    this.writes.length = 0;
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  write(bytes: Uint8Array): void {
    this.writes.push(bytes);
  }

  writeAll(parts: readonly Uint8Array[]): void {
    this.write(Buffer.concat(parts));
  }

  connect(hub: Hub, given: Partial<ConnectionOptions> & { readonly codec?: StreamCodec } = {}): Connection {
    const { codec = jsonCodec(), ...others } = given;
    const options = { hub, maxChannels: 1_000, pageLimits: PAGE, toError: asItIs, ...others };
    return new Connection(options, codec, this);
  }
}
