/** A line to paste into a terminal. */
export interface Command {
  readonly label: string;
  readonly line: string;
}

/** How to read and write this channel from a terminal, one line for each transport. */
export function commandsFor(url: string): readonly Command[] {
  const quoted = quoteForShell(url);
  return [
    { label: "JSON page", line: `curl ${quoted}` },
    { label: "Server-Sent Events", line: `curl -N -H 'Accept: text/event-stream' ${quoted}` },
    { label: "NDJSON", line: `curl -N -H 'Accept: application/x-ndjson' ${quoted}` },
    { label: "WebSocket", line: `npx wscat -c ${quoteForShell(url.replace(/^http/, "ws"))}` },
    { label: "Publish", line: `${publishCommand(url)}` },
  ];
}

/** Publishes a first message. */
export function publishCommand(url: string): string {
  return `curl -H 'Content-Type: application/json' -d '{"hello":"world"}' ${quoteForShell(url)}`;
}

/** Single quotes, in which a shell changes nothing but a single quote. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
