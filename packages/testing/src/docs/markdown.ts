import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the work tree; this is run from `dist`. */
export const root: string = fileURLToPath(new URL("../../../../", import.meta.url));

export function readDoc(path: string): string {
  return readFileSync(root + path, "utf8");
}

export interface Block {
  /** What stands behind the fence: the language, and what the tests are to make of it. */
  readonly tag: string;
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** The fenced code blocks of a document (CommonMark §4.5, fences of three backticks at the line's beginning). */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const fence = /^```([^\n]*)\n([^]*?)^```$/gm;
  for (const match of markdown.matchAll(fence)) {
    const line = markdown.slice(0, match.index).split("\n").length;
    blocks.push({ tag: (match[1] ?? "").trim(), text: match[2] ?? "", line });
  }
  return blocks;
}

/** What stands below a heading, up to the next one of its level or above. */
export function sectionOf(markdown: string, heading: string): string {
  const lines = withoutBlocks(markdown).split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const level = heading.indexOf(" ");
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= level);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** The headings of a level below a heading, without their marks and backticks. */
export function headingsOf(section: string, level: number): string[] {
  const mark = `${"#".repeat(level)} `;
  return section
    .split("\n")
    .filter((line) => line.startsWith(mark))
    .map((line) => line.slice(mark.length).replaceAll("`", ""));
}

/** The rows of the first table of a section, without its head; cells without backticks around them. */
export function tableOf(section: string): string[][] {
  const lines = section.split("\n");
  const start = lines.findIndex((line) => line.startsWith("|"));
  if (start < 0) throw new Error(`there is no table in "${section.slice(0, 60)}"`);
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  return lines.slice(start + 2, end < 0 ? undefined : end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) =>
        cell
          .trim()
          .replace(/^`([^`]*)`$/, "$1")
          .replaceAll("\\|", "|"),
      ),
  );
}

function withoutBlocks(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, "");
}
