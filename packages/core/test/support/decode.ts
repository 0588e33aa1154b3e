import {
  binaryWebSocketFormat,
  type Cursor,
  type MessageObject,
  ndjsonFormat,
  pageFormat,
  parseCursor,
  sseFormat,
  sseObjectFormat,
  sseSharedFormat,
  webSocketFormat,
  type WireFormat,
} from "@tidings/protocol";
import { text } from "./fixtures.ts";

/** A message as it was read back from bytes; its payload is a number. */
export interface Decoded {
  readonly cursor: Cursor | undefined;
  readonly value: number;
}

/** Every format there is, with a way to read it back that is as simple as can be. */
export const FORMATS: readonly {
  readonly format: WireFormat;
  readonly decode: (bytes: Uint8Array) => Decoded[];
}[] = [
  { format: ndjsonFormat, decode: (bytes) => linesOf(bytes).map(fromJson) },
  { format: pageFormat, decode: decodePage },
  { format: webSocketFormat, decode: (bytes) => framesOf(bytes).map(fromJson) },
  { format: binaryWebSocketFormat, decode: (bytes) => framesOf(bytes).map(fromJson) },
  {
    format: sseFormat,
    decode: (bytes) => blocksOf(bytes).map(({ id, data }) => ({ cursor: parse(id), value: Number(data) })),
  },
  { format: sseObjectFormat, decode: (bytes) => blocksOf(bytes).map(({ data }) => fromJson(data)) },
  { format: sseSharedFormat, decode: (bytes) => blocksOf(bytes).map(({ data }) => fromJson(data)) },
];

function decodePage(bytes: Uint8Array): Decoded[] {
  return pageObjects(bytes).map(fromObject);
}

/** The message objects of a page's part. */
export function pageObjects(bytes: Uint8Array): MessageObject[] {
  return JSON.parse(`[${text(bytes).slice(0, -1)}]`) as MessageObject[];
}

export function linesOf(bytes: Uint8Array): string[] {
  return text(bytes).split("\n").slice(0, -1);
}

export function fromObject({ cursor, data }: MessageObject): Decoded {
  return { cursor: parse(cursor), value: data as number };
}

function fromJson(json: string): Decoded {
  return fromObject(JSON.parse(json) as MessageObject);
}

function parse(cursor: string | undefined): Cursor | undefined {
  return cursor === undefined ? undefined : parseCursor(cursor);
}

function framesOf(bytes: Uint8Array): string[] {
  const frames: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const short = view.getUint8(at + 1);
    const isShort = short < 126;
    const length = isShort ? short : view.getUint16(at + 2);
    at += isShort ? 2 : 4;
    frames.push(text(bytes.subarray(at, at + length)));
    at += length;
  }
  return frames;
}

function blocksOf(bytes: Uint8Array): { readonly id: string | undefined; readonly data: string }[] {
  const blocks = text(bytes).split("\n\n").slice(0, -1);
  return blocks.map((block) => ({
    id: /^id: (.*)$/m.exec(block)?.[1],
    data: /^data: (.*)$/m.exec(block)?.[1] ?? "",
  }));
}
