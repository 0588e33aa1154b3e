/** A piece of source text that is neither space nor comment. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "mark";
  readonly text: string;
  /** Where it begins in the source, and where the next character after it is. */
  readonly start: number;
  readonly end: number;
  /** 1 is the first. */
  readonly line: number;
}

// Marks longest first. No regular expressions: the tasks have none, and telling them from division takes a parser.
const PATTERN = new RegExp(
  [
    String.raw`(?<skip>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)`,
    String.raw`(?<word>[A-Za-z_$][\w$]*)`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\x60(?:[^\x60\\]|\\.)*\x60)`,
    String.raw`(?<mark>\.{3}|[=!]==|\*\*|=>|<=|>=|==|!=|&&|\|\||\?\?|\?\.|\+\+|--|[-+*\/%]=|[^])`,
  ].join("|"),
  "gy",
);

/** The tokens of JavaScript source text. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  for (const match of source.matchAll(PATTERN)) {
    const [text] = match;
    const kind = (["word", "number", "string", "mark"] as const).find(
      (each) => match.groups?.[each] !== undefined,
    );
    if (kind !== undefined)
      found.push({ kind, text, start: match.index, end: match.index + text.length, line });
    line += text.split("\n").length - 1;
  }
  return found;
}

/** The number of the token that closes the bracket which the token `open` opens; -1 when there is none. */
export function closing(list: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < list.length; at += 1) {
    const { kind, text } = list[at] ?? { kind: "mark", text: "" };
    if (kind !== "mark") continue;
    if ("([{".includes(text)) depth += 1;
    else if (")]}".includes(text)) depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}
