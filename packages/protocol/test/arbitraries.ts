import fc from "fast-check";
import { toOffset } from "../src/cursor.ts";
import type { Message } from "../src/message.ts";
import { checkEvent, checkKey } from "../src/names.ts";

const encoder = new TextEncoder();

/** What a hostile publisher would try: line ends, NUL, fields, frames, and the characters that decoders trip over. */
const FRAGMENTS = [
  ...[
    "\r",
    "\n",
    "\r\n",
    "\n\n",
    "\r\r",
    "\0",
    "\u007f",
    "\u0085",
    "\u2028",
    "\u2029",
    "\ufeff",
    '"',
    "\\",
    "\\n",
  ],
  ...[
    "data: x",
    "event: tidings.gap",
    "id: 9",
    "retry: 1",
    ":",
    '"}',
    '{"type":"gap"}',
    "😀",
    "\u{10ffff}",
    " ",
  ],
];

/** One of these characters. */
export function oneOf(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters));
}

/** Text of any Unicode scalars, thick with what could break out of a field, a line or a frame. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: "binary", maxLength: 8 })), {
    maxLength: 10,
  })
  .map((parts) => parts.join(""));

/** Text of any UTF-16 units, halves of surrogate pairs among them. */
export const anyUnits: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom("a", ".", "/", "$", "@", ",", "\n", "\ud800"),
  ),
});

/** JSON texts as publishers write them: any value, on one line or pretty-printed with any line end. */
export const jsonText: fc.Arbitrary<string> = fc
  .tuple(
    fc.jsonValue({ stringUnit: "binary" }),
    fc.constantFrom("", " ", "  ", "\t"),
    fc.constantFrom("\n", "\r\n", "\r"),
  )
  .map(([value, indent, lineEnd]) => JSON.stringify(value, null, indent).replaceAll("\n", lineEnd));

/** Whether a check lets the text through. */
export function isAccepted(check: (text: string) => string, text: string): boolean {
  try {
    return check(text) === text;
  } catch {
    return false;
  }
}

const eventName: fc.Arbitrary<string> = fc.oneof(
  fc.constant("message"),
  hostileText.filter((text) => isAccepted(checkEvent, text)),
);

const payload = fc.oneof(
  jsonText.map((text) => ({ kind: "json" as const, data: encoder.encode(text) })),
  hostileText.map((text) => ({ kind: "text" as const, data: encoder.encode(text) })),
  fc.uint8Array({ maxLength: 300 }).map((data) => ({ kind: "bytes" as const, data })),
);

/** Any message that a log can hold, and ephemeral ones. */
export const message: fc.Arbitrary<Message> = fc
  .record({
    offset: fc.oneof(fc.constant(0), fc.maxSafeNat()),
    timeMs: fc.integer({ min: 0, max: 253_402_300_799_999 }), // to the end of the year 9999
    event: eventName,
    key: fc.option(
      hostileText.filter((text) => isAccepted(checkKey, text)),
      { nil: undefined },
    ),
    payload,
  })
  .map(({ offset, timeMs, event, key, payload: { kind, data } }) => ({
    offset: toOffset(offset),
    timeMs,
    event,
    kind,
    data,
    ...(key === undefined ? {} : { key }),
  }));
