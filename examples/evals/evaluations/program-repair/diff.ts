const CONTEXT = 3;

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** The unified diff (POSIX `diff -u`) that makes `before` into `after`; empty when they are the same. */
export function unifiedDiff(name: string, before: string, after: string): string {
  const lines = compare(before.split("\n").slice(0, -1), after.split("\n").slice(0, -1));
  const hunks: string[] = [];
  let at = 0;
  for (;;) {
    const change = lines.findIndex(({ mark }, index) => index >= at && mark !== " ");
    if (change === -1) break;
    const from = Math.max(at, change - CONTEXT);
    let end = change;
    // A change whose context touches this one's is of the same hunk.
    for (let index = change; index < lines.length && index <= end + 2 * CONTEXT; index += 1) {
      if (lines[index]?.mark !== " ") end = index;
    }
    at = Math.min(lines.length, end + 1 + CONTEXT);
    hunks.push(hunk(lines, from, at));
  }
  return hunks.length === 0 ? "" : `--- a/${name}\n+++ b/${name}\n${hunks.join("")}`;
}

function hunk(lines: readonly Line[], from: number, to: number): string {
  const range = (without: "+" | "-"): string => {
    const count = (part: readonly Line[]): number => part.filter(({ mark }) => mark !== without).length;
    const size = count(lines.slice(from, to));
    const start = count(lines.slice(0, from)) + (size === 0 ? 0 : 1);
    return size === 1 ? `${start}` : `${start},${size}`;
  };
  const body = lines.slice(from, to).map(({ mark, text }) => `${mark}${text}\n`);
  return `@@ -${range("+")} +${range("-")} @@\n${body.join("")}`;
}

/** By the longest common subsequence: a table of its length for all pairs of rests, which is fine for short files. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  for (let a = before.length - 1; a >= 0; a -= 1) {
    for (let b = after.length - 1; b >= 0; b -= 1) {
      common[a * width + b] =
        before[a] === after[b]
          ? (common[(a + 1) * width + b + 1] ?? 0) + 1
          : Math.max(common[(a + 1) * width + b] ?? 0, common[a * width + b + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  for (let a = 0, b = 0; a < before.length || b < after.length;) {
    if (a < before.length && b < after.length && before[a] === after[b]) {
      lines.push({ mark: " ", text: before[a] ?? "" });
      a += 1;
      b += 1;
    } else if (
      a < before.length &&
      (b === after.length || (common[(a + 1) * width + b] ?? 0) >= (common[a * width + b + 1] ?? 0))
    ) {
      lines.push({ mark: "-", text: before[a] ?? "" });
      a += 1;
    } else {
      lines.push({ mark: "+", text: after[b] ?? "" });
      b += 1;
    }
  }
  return lines;
}
