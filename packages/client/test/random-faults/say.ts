import type { RandomFaultsResult } from "./run.ts";

const LISTED = 60;
const EXPLAINED = 3;

/** What went wrong, to be read by whoever has to find out why. */
export function violationsOf({ seed, violations }: RandomFaultsResult): string {
  const listed = violations.slice(0, LISTED).map(({ client, what }) => `${client}: ${what}`);
  const explained = violations
    .filter(({ before }) => before.length > 0)
    .slice(0, EXPLAINED)
    .flatMap(({ client, what, before }) => [
      `${client}: ${what}; before that:`,
      ...before.map((line) => `    ${line}`),
    ]);
  return [`seed ${seed}: ${violations.length} violations`, ...listed, ...explained].join("\n");
}
