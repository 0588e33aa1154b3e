// oxlint-disable-next-line no-control-regex -- ANSI escape sequences begin with one (ECMA-48 §5.4)
const ANSI = /\u001b\[[0-?]*[ -/]*[@-~]/g;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
/** Marks that turn the direction of the text around them, which can make one message look like another. */
const BIDI = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text as it may stand on the page: terminal colours left out, control characters as their pictures (␀, ␛). */
export function visibleText(text: string): string {
  return text
    .replace(ANSI, "")
    .replace(/\r\n?/g, "\n")
    .replace(CONTROL, (character) => pictureOf(character.charCodeAt(0)))
    .replace(BIDI, "\ufffd");
}

/** The same, on one line and not longer than `limit` UTF-16 units. */
export function oneLine(text: string, limit: number): string {
  // Cut before the work too: a megabyte of text has one line to fill.
  const line = visibleText(text.slice(0, 2 * limit))
    .replace(/\s*\n\s*/g, " ⏎ ")
    .trimEnd();
  return text.length > limit || line.length > limit ? `${line.slice(0, limit)}…` : line;
}

function pictureOf(code: number): string {
  return code === 0x7f ? "\u2421" : String.fromCharCode(0x2400 + code);
}
