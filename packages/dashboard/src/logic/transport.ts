const NAMES: Readonly<Record<string, string>> = {
  sse: "SSE",
  ndjson: "NDJSON",
  websocket: "WebSocket",
  "long-poll": "Long poll",
};

export function transportName(transport: string): string {
  return NAMES[transport] ?? transport;
}
