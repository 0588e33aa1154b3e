import { expect, test } from "vitest";
import { readDoc, sectionOf, tableOf, sorted } from "@tidings/testing/docs";
import { startServer } from "./support/server.ts";

const document = readDoc("docs/operating.md");

test("docs/operating.md has the metrics that the server shows, with their labels", async () => {
  await using server = await startServer();
  await using reading = await openStream(server.url);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(reading.status).toBe(200);
  const shown = [...text.matchAll(/^# TYPE (tidings_\w+) /gm)].map((match) => match[1]);
  const rows = tableOf(sectionOf(document, "## Metrics"));
  expect(sorted(rows.map(([name]) => name))).toEqual(sorted(shown));

  const labels = new Map<string, Set<string>>();
  for (const [, name = "", given = ""] of (await (await fetch(`${server.url}/metrics`)).text()).matchAll(
    /^(tidings_\w+)\{(.*)\} /gm,
  )) {
    const known = labels.get(name) ?? new Set<string>();
    for (const [, label = ""] of given.matchAll(/(\w+)="/g)) known.add(label);
    labels.set(name, known);
  }
  for (const [name = "", documented = ""] of rows) {
    const named = [...documented.matchAll(/\w+/g)].map(([label]) => label);
    expect(sorted(named), name).toEqual(sorted([...(labels.get(name) ?? [])]));
  }
});

/** A connection that is held open, so that it is counted. */
async function openStream(url: string): Promise<{ readonly status: number } & AsyncDisposable> {
  const stop = new AbortController();
  const { status } = await fetch(`${url}/channels/a`, {
    headers: { accept: "text/event-stream" },
    signal: stop.signal,
  });
  return { status, [Symbol.asyncDispose]: async () => stop.abort() };
}
