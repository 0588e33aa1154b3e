import type { WireFormat } from "@tidings/protocol";
import type { Filter } from "./filter.ts";

/** How a lane writes messages, and which of them: two with the same key write the same bytes. */
export class Encoding {
  readonly key: string;
  readonly format: WireFormat;
  readonly filter: Filter | undefined;

  constructor(format: WireFormat, filter: Filter | undefined) {
    this.key = encodingKey(format, filter);
    this.format = format;
    this.filter = filter;
  }
}

export function encodingKey(format: WireFormat, filter: Filter | undefined): string {
  return filter === undefined ? format.name : `${format.name} ${filter.key}`;
}
