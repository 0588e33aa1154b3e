/**
 * Finds a member's value in the text of a JSON object as it was written, so that it can be passed on unchanged: a
 * number with more digits than a double holds would not survive `JSON.parse` and `JSON.stringify`.
 *
 * `text` MUST be a JSON object that `JSON.parse` has accepted. A name that stands twice answers its last value, as
 * `JSON.parse` does; one that is missing answers `undefined`.
 */
export function sliceMember(text: string, name: string): string | undefined {
  let found: string | undefined;
  let at = skipSpace(text, text.indexOf("{") + 1);
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at);
    const written = text.slice(at + 1, nameEnd - 1);
    const isWanted = written === name || (written.includes("\\") && JSON.parse(`"${written}"`) === name);
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    if (isWanted) found = text.slice(valueStart, valueEnd);
    at = skipSpace(text, valueEnd);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}

function endOfString(text: string, from: number): number {
  let at = text.indexOf('"', from + 1);
  while (at >= 0 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at + 1;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start--;
  return (at - start) % 2 === 1;
}

function endOfValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      // The end of the object around a bare number, true, false or null.
      if (depth === 0) return trimEnd(text, at);
      depth--;
      if (depth === 0) return at + 1;
    } else if (character === "," && depth === 0) return trimEnd(text, at);
    at++;
  }
  return at;
}

function trimEnd(text: string, from: number): number {
  let at = from;
  while (" \n\r\t".includes(text[at - 1] as string)) at--;
  return at;
}
