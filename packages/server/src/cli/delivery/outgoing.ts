import type { PayloadKind } from "@tidings/protocol";

/** One message on its way out, as the command line makes it. */
export interface Outgoing {
  readonly event?: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly kind: Exclude<PayloadKind, "none">;
  /** JSON or text as UTF-8, or the bytes. */
  readonly data: Buffer;
  /** Travel inline above the channel's inline limit. */
  readonly inline?: boolean;
}

/** A message as one line of a batch (`application/x-ndjson`), its line end included. JSON data stays as it was written. */
export function encodeOutgoing({ event, key, idempotencyKey, kind, data, inline }: Outgoing): Buffer {
  const names = JSON.stringify({ event, key, idempotencyKey, inline }).slice(1, -1);
  const head = names === "" ? "{" : `{${names},`;
  switch (kind) {
    case "json":
      // JSON allows line ends between its parts, and a batch does not: inside strings they are always escaped.
      return Buffer.from(`${head}"data":${data.toString().replaceAll(/[\r\n]/g, " ")}}\n`);
    case "text":
      return Buffer.from(`${head}"contentType":"text/plain","data":${JSON.stringify(data.toString())}}\n`);
    case "bytes":
      return Buffer.from(`${head}"encoding":"base64","data":"${data.toString("base64")}"}\n`);
  }
}
