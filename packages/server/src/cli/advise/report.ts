import {
  type Advice,
  NEEDS,
  type Ranked,
  type Reason,
  TRANSPORTS,
  type TransportName,
} from "@tidings/protocol";
import { formatTable } from "../table.ts";
import { coloursFor } from "../terminal.ts";

/** An advice for a person. */
export function formatAdvice(advice: Advice): string {
  const { choice, later, fallback, sending, settings, changes, ranking } = advice;
  const parts = [
    choice === null ? "Nothing in this version does it." : formatChoice("Use", choice),
    later === null ? "" : formatChoice("Better, and not in this version:", later),
    fallback === null ? "" : `Where that does not come through: ${nameOf(fallback.transport)}.`,
    sending === null ? "" : `What a client sends: ${nameOf(sending.by)}. ${sending.text}`,
    listOf(
      "Settings",
      settings.map(({ where, name, value, text }) => `${where}: ${name} = ${String(value)}. ${text}`),
    ),
    listOf(
      "What would change it",
      changes.map((change) => `${labelOf(change.need)} ${change.text}: ${outcomeOf(change)}`),
    ),
    formatRanking(ranking),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}`;
}

function formatChoice(words: string, { transport, reasons }: Ranked): string {
  const { bold } = coloursFor(process.stdout);
  return [bold(`${words} ${nameOf(transport)}`), ...reasons.map(formatReason)].join("\n");
}

function formatReason({ rule, points, text }: Reason): string {
  const sign = points === null ? "ruled out" : `${points > 0 ? "+" : ""}${points}`;
  return `  ${sign.padStart(3)}  ${text} (${rule})`;
}

function formatRanking(ranking: readonly Ranked[]): string {
  const rows = ranking.map(({ transport, score, isPossible, isBuilt, reasons }) => [
    transport,
    isPossible ? String(score) : "no",
    [
      isBuilt ? "" : "Not in this version.",
      ...reasons
        .filter(({ points }) => (isPossible ? points !== null && points < 0 : points === null))
        .map(({ text }) => text),
    ]
      .filter((text) => text !== "")
      .join(" "),
  ]);
  return formatTable(
    [{ name: "TRANSPORT" }, { name: "SCORE", isNumber: true }, { name: "AGAINST IT" }],
    rows,
  );
}

function listOf(title: string, lines: readonly string[]): string {
  const { bold } = coloursFor(process.stdout);
  return lines.length === 0 ? "" : [bold(title), ...lines.map((line) => `  ${line}`)].join("\n");
}

function outcomeOf({ choice, later }: Advice["changes"][number]): string {
  const now = choice === null ? "nothing in this version" : nameOf(choice);
  return later === null ? now : `${now}, and ${nameOf(later)} once it is there`;
}

function nameOf(transport: TransportName): string {
  return `${TRANSPORTS[transport].title} (${transport})`;
}

function labelOf(name: string): string {
  return NEEDS.find((need) => need.name === name)?.label ?? name;
}
