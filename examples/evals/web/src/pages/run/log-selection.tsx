import { useSignal } from "@preact/signals";
import { attempt, Button, formatCount, plural, say } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { LIMITS } from "../../../../shared/limits.ts";
import { fetchLines } from "../../live/api.ts";
import type { LogModel } from "../../live/log.ts";
import { parseLine } from "../../logic/log-line.ts";

/** Lines that are copied at once; more are in the file. */
const MAX_COPIED = 10_000;

interface LogSelectionProps {
  readonly id: string;
  readonly log: LogModel;
}

/** The lines that were chosen by their numbers: all of a long one, and what can be done with them. */
export function LogSelection({ id, log }: LogSelectionProps): JSX.Element | null {
  const isBusy = useSignal(false);
  const chosen = log.selected.value;
  void log.version.value;
  const copy = async (): Promise<void> => {
    if (chosen === undefined) return;
    isBusy.value = true;
    await attempt(async () => {
      const to = Math.min(chosen.to, chosen.from + MAX_COPIED - 1);
      const lines: string[] = [];
      while (chosen.from + lines.length <= to) {
        const from = chosen.from + lines.length;
        const page = await fetchLines(id, from, Math.min(LIMITS.maxLogLines, to - from + 1));
        if (page.lines.length === 0) break;
        lines.push(...page.lines);
      }
      await navigator.clipboard.writeText(`${lines.join("\n")}\n`);
      say(`${plural(lines.length, "line")} copied`);
    });
    isBusy.value = false;
  };
  useEffect(() => {
    const onCopy = (event: ClipboardEvent): void => {
      const isText = getSelection()?.isCollapsed === false;
      const isInField = ["INPUT", "TEXTAREA"].includes(document.activeElement?.tagName ?? "");
      if (isText || isInField) return; // that is what is copied
      event.preventDefault();
      void copy();
    };
    document.addEventListener("copy", onCopy);
    return () => document.removeEventListener("copy", onCopy);
  }, [chosen]);
  if (chosen === undefined) return null;
  const count = chosen.to - chosen.from + 1;
  const raw = count === 1 ? log.store.line(chosen.from) : undefined;
  const { time, level, text } = parseLine(raw ?? "");
  return (
    <section class="log-selection" aria-label="Chosen lines">
      <header>
        <b>
          {count === 1
            ? `Line ${formatCount(chosen.from)}`
            : `Lines ${formatCount(chosen.from)} to ${formatCount(chosen.to)}`}
        </b>
        {raw !== undefined && (
          <span class="quiet">{`${time} ${level}, ${plural(text.length, "character")}`}</span>
        )}
        <span class="toolbar-gap" />
        <Button icon="copy" look="quiet" isBusy={isBusy.value} onClick={() => void copy()}>
          Copy
        </Button>
        <Button
          icon="close"
          label="Choose no line"
          look="quiet"
          onClick={() => (log.selected.value = undefined)}
        />
      </header>
      {raw !== undefined && (
        <pre tabIndex={0} role="region" aria-label="The whole line">
          {text}
        </pre>
      )}
    </section>
  );
}
