/** A stretch of a file, both ends in it. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * What a `Range` asks for (RFC 9110 §14.1.2). `undefined`: the whole, as for several ranges or other units, which may be
 * passed over (§14.2); `"outside"`: nothing of the file.
 */
export function readRange(header: string | undefined, size: number): Range | "outside" | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/i.exec(header ?? "");
  const [, from = "", to = ""] = match ?? [];
  if (match === null || (from === "" && to === "")) return undefined;
  if (from === "") {
    const length = Math.min(size, Number(to));
    return length === 0 ? "outside" : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(size - 1, Number(to));
  if (to !== "" && Number(to) < first) return undefined;
  return first >= size ? "outside" : { first, last };
}
