import { Script } from "node:vm";
import { closing, tokens, type Token } from "./tokens.ts";

/** A small change of a source text: what is from `start` to `end` becomes `text`. */
export interface Edit {
  readonly kind: EditKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly line: number;
  /** What it does, for a person. */
  readonly says: string;
}

/** The kinds of edits, and how likely each is to be the right one before anything is known. */
export const WEIGHTS = {
  "missing return": 4,
  operator: 3,
  "swapped arguments": 2,
  "off by one": 2,
  constant: 1,
  "other method": 2,
  "negated condition": 0.5,
  "other name": 0.05,
} as const;
type EditKind = keyof typeof WEIGHTS;

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">"],
  "<=": ["<", ">="],
  ">": [">=", "<", "==="],
  ">=": [">", "<="],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-", "*"],
  "-": ["+"],
  "*": ["/", "+"],
  "/": ["*", "%"],
  "%": ["/"],
  "&&": ["||"],
  "||": ["&&"],
  "+=": ["-=", "*="],
  "-=": ["+="],
  "*=": ["+="],
};
const OPPOSITES = [
  ["min", "max"],
  ["push", "unshift"],
  ["pop", "shift"],
  ["floor", "ceil"],
  ["some", "every"],
  ["true", "false"],
  ["startsWith", "endsWith"],
] as const;
const KEYWORDS = new Set(
  "break const continue else export for function if in let new of return this throw typeof undefined while".split(
    " ",
  ),
);

/** All edits of the grammar that leave a program which compiles; none twice. */
export function edits(source: string): Edit[] {
  const list = tokens(source);
  const names = variables(list);
  const all = list.flatMap((token, index) => [
    ...ofOperator(token),
    ...ofConstant(token),
    ...ofMethod(token),
    ...ofPosition(list, index),
    ...ofReturn(list, index),
    ...ofArguments(source, list, index),
    ...ofCondition(source, list, index),
    ...ofName(list, index, names),
  ]);
  const results = new Set([source]);
  return all.filter((edit) => {
    const result = apply(source, edit);
    if (results.has(result) || !compiles(result)) return false;
    results.add(result);
    return true;
  });
}

export function apply(source: string, { start, end, text }: Edit): string {
  return source.slice(0, start) + text + source.slice(end);
}

function replace(kind: EditKind, token: Token, text: string): Edit {
  return { kind, ...span(token), text, says: `${token.text} becomes ${text}` };
}

function span({ start, end, line }: Token): { start: number; end: number; line: number } {
  return { start, end, line };
}

function ofOperator(token: Token): Edit[] {
  const others = token.kind === "mark" && Object.hasOwn(OPERATORS, token.text) ? OPERATORS[token.text] : [];
  return (others ?? []).map((other) => replace("operator", token, other));
}

function ofConstant(token: Token): Edit[] {
  if (token.kind !== "number") return [];
  const value = Number(token.text);
  const texts = value === 0 ? ["1", "-1"] : [String(value + 1), String(value - 1)];
  return texts.map((text) => replace("constant", token, text));
}

function ofMethod(token: Token): Edit[] {
  if (token.kind !== "word") return [];
  return OPPOSITES.flatMap(([one, other]) => {
    if (token.text !== one && token.text !== other) return [];
    return [replace("other method", token, token.text === one ? other : one)];
  });
}

/** One more or one less, after a name that is a whole index, bound or value by itself. */
function ofPosition(list: readonly Token[], index: number): Edit[] {
  const token = list[index];
  const before = list[index - 1]?.text ?? "";
  const after = list[index + 1]?.text ?? "";
  if (token === undefined || token.kind !== "word" || KEYWORDS.has(token.text)) return [];
  const begins = ["=", "[", "<", "<=", ">", ">=", "return"].includes(before) || token.text === "length";
  if (!begins || ![";", ")", "]", "<", "<=", ">", ">="].includes(after)) return [];
  return [" + 1", " - 1"].map((text) => ({
    kind: "off by one",
    start: token.end,
    end: token.end,
    line: token.line,
    text,
    says: `${token.text} becomes ${token.text}${text}`,
  }));
}

/** `return` before a statement that is a mere expression. */
function ofReturn(list: readonly Token[], index: number): Edit[] {
  const token = list[index];
  const before = list[index - 1]?.text ?? "";
  if (token === undefined || token.kind === "mark" || KEYWORDS.has(token.text)) return [];
  if (!["{", "}", ";"].includes(before)) return [];
  const { start, line } = token;
  return [
    { kind: "missing return", start, end: start, line, text: "return ", says: `${token.text}… is returned` },
  ];
}

function ofArguments(source: string, list: readonly Token[], index: number): Edit[] {
  const token = list[index];
  const end = closing(list, index);
  if (token?.text !== "(" || list[index - 1]?.kind !== "word" || end === -1) return [];
  const commas: number[] = [];
  for (let at = index + 1; at < end; at += 1) {
    const text = list[at]?.text ?? "";
    if (list[at]?.kind === "mark" && "([{".includes(text)) at = closing(list, at);
    else if (text === ",") commas.push(at);
  }
  const edges = [index, ...commas, end].map((at) => list[at]);
  return edges.slice(0, -2).flatMap((left, at) => {
    const [middle, right] = [edges[at + 1], edges[at + 2]];
    if (left === undefined || middle === undefined || right === undefined) return [];
    const first = source.slice(left.end, middle.start).trim();
    const second = source.slice(middle.end, right.start).trim();
    const text = `${second}, ${first}`;
    const says = `(${first}, ${second}) becomes (${text})`;
    const start = source.slice(left.end).search(/\S/) + left.end;
    return [{ kind: "swapped arguments" as const, start, end: right.start, line: left.line, text, says }];
  });
}

function ofCondition(source: string, list: readonly Token[], index: number): Edit[] {
  const open = list[index + 1];
  const close = list[closing(list, index + 1)];
  if (list[index]?.text !== "if" || open === undefined || close === undefined) return [];
  const condition = source.slice(open.end, close.start);
  const { line } = open;
  return [
    {
      kind: "negated condition",
      start: open.end,
      end: close.start,
      line,
      text: `!(${condition})`,
      says: `if (${condition}) is negated`,
    },
  ];
}

function ofName(list: readonly Token[], index: number, names: ReadonlySet<string>): Edit[] {
  const token = list[index];
  const before = list[index - 1]?.text ?? "";
  if (token === undefined || !names.has(token.text)) return [];
  if ([".", "const", "let", "function"].includes(before)) return [];
  return [...names].filter((name) => name !== token.text).map((name) => replace("other name", token, name));
}

/** Names that are declared, here or as parameters. */
function variables(list: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, { text }] of list.entries()) {
    const next = list[index + 1];
    if ((text === "const" || text === "let") && next?.kind === "word") names.add(next.text);
    if (text !== "function") continue;
    for (const { kind, text: name } of list.slice(index + 2, closing(list, index + 2))) {
      if (kind === "word") names.add(name);
    }
  }
  return names;
}

/** Compiles it without running it: a candidate that cannot even be read is not worth an attempt. */
function compiles(source: string): boolean {
  try {
    new Script(source.replaceAll(/^export /gm, ""));
    return true;
  } catch {
    return false;
  }
}
