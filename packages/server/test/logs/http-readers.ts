import { afterEach, expect } from "vitest";
import type { TestServer } from "../support/logs.ts";

const streams: AbortController[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.abort();
});

export interface Line {
  readonly type: string;
  readonly cursor: string;
  readonly data: unknown;
}

/** The message and gap frames of a channel as NDJSON, one by one. */
export async function* follow(server: TestServer, query: string): AsyncGenerator<Line> {
  const abort = new AbortController();
  streams.push(abort);
  const response = await fetch(`${server.url}/channels/a?${query}`, {
    headers: { accept: "application/x-ndjson" },
    signal: abort.signal,
  });
  let rest = "";
  for await (const bytes of response.body ?? []) {
    const lines = (rest + Buffer.from(bytes as Uint8Array).toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.filter((each) => each !== "")) {
      const frame = JSON.parse(line) as Line;
      if (frame.type === "message" || frame.type === "gap") yield frame;
    }
  }
}

export function publish(server: TestServer, data: number, key = `${data}`): Promise<Response> {
  return fetch(`${server.url}/channels/a`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(data),
  });
}

/** As clients do it: again while it is refused as retryable. */
export async function publishUntilTaken(server: TestServer, data: number): Promise<void> {
  for (;;) {
    const response = await publish(server, data);
    await response.arrayBuffer();
    if (response.status === 201) return;
    expect(response.status).toBe(503);
  }
}

export async function take(stream: AsyncGenerator<Line>, count: number): Promise<readonly Line[]> {
  const taken: Line[] = [];
  while (taken.length < count) taken.push((await stream.next()).value as Line);
  return taken;
}
