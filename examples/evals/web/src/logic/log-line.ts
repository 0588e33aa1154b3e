import { LOG_LEVELS, type LogLevel } from "../../../shared/evaluation.ts";

/** Characters of a line that are drawn; all of it is in the line's own view. */
export const MAX_DRAWN_CHARS = 2_000;

export interface LogLine {
  /** RFC 3339; empty where the line has none. */
  readonly time: string;
  readonly level: LogLevel;
  readonly text: string;
}

const LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (debug|info|warn|error) ?/;
// Colours and cursor moves (ECMA-48 §5.4, CSI) and titles (§5.6, OSC): a page has its own colours. ESC is what begins them.
const CONTROL =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** `<time> <level> <text>` of `log.txt`, without what would move a terminal's cursor. */
export function parseLine(raw: string): LogLine {
  const match = LINE.exec(raw);
  if (match === null) return { time: "", level: "info", text: raw.replace(CONTROL, "") };
  return {
    time: match[1] ?? "",
    level: LOG_LEVELS.find((level) => level === match[2]) ?? "info",
    text: raw.slice(match[0].length).replace(CONTROL, ""),
  };
}

export interface Piece {
  readonly text: string;
  readonly isHit: boolean;
}

/** A text cut at what is searched for, letter case aside. An empty search finds nothing. */
export function splitHits(text: string, search: string): readonly Piece[] {
  if (search === "") return [{ text, isHit: false }];
  const lower = text.toLowerCase();
  const wanted = search.toLowerCase();
  // Where lower case changes the length (İ), places in the two differ: then nothing is marked rather than the wrong part.
  if (lower.length !== text.length) return [{ text, isHit: false }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    if (at > from) pieces.push({ text: text.slice(from, at), isHit: false });
    pieces.push({ text: text.slice(at, at + wanted.length), isHit: true });
    from = at + wanted.length;
  }
  if (from < text.length || pieces.length === 0) pieces.push({ text: text.slice(from), isHit: false });
  return pieces;
}
