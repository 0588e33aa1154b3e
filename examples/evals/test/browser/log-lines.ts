import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";

/** A line as a person sees it: its number, time of day, level and text. */
export type SeenLine = readonly [number: number, time: string, level: string, text: string];

/** All lines that a run has written, as they are in its file. */
export async function linesOfFile(data: string, id: string): Promise<readonly SeenLine[]> {
  const text = await readFile(join(data, "runs", id, "log.txt"), "utf8");
  const lines = text.split("\n").slice(0, -1); // each ends with a line feed
  return lines.map((line, at) => {
    const [, time = "", level = "", rest = ""] = /^\S{11}(\S{12})Z (\w+) (.*)$/.exec(line) ?? [];
    return [at + 1, time, level, rest];
  });
}

/**
 * Goes through the log from its first line to its last as somebody who scrolls, and writes down each row that is in the page, as
 * often as it is there: a line that is shown twice is there twice, one that is missing is not.
 */
export async function linesOfPage(page: Page): Promise<readonly SeenLine[]> {
  return page.locator(".log-view").evaluate(async (view) => {
    const nextFrame = async (): Promise<unknown> => new Promise(requestAnimationFrame);
    const seen: [number, string, string, string][] = [];
    let read = 0;
    view.scrollTop = 0;
    for (;;) {
      await nextFrame();
      await nextFrame();
      const rows = [...view.querySelectorAll<HTMLElement>(".log-row")];
      const first = Number(rows[0]?.dataset["line"]);
      // Those that are asked for come soon; those after a jump are not in the page yet.
      if (first > read + 1 || rows.some((row) => row.classList.contains("log-missing"))) continue;
      const before = read;
      for (const row of rows) {
        const number = Number(row.dataset["line"]);
        if (number <= before) continue;
        const of = (name: string): string =>
          row.querySelector<HTMLElement>(`.log-${name}`)?.dataset[name] ?? "";
        seen.push([number, of("time"), of("level"), row.querySelector(".log-text")?.textContent ?? ""]);
        read = number;
      }
      if (read >= Number((view as HTMLElement).dataset["total"])) return seen;
      // From where the last row is the first one again: nothing is jumped over.
      view.scrollTop += Math.max(20, view.clientHeight - 40);
    }
  });
}
