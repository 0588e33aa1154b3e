import { type Body, send } from "./send.ts";

/** What a publisher is answered. */
export interface Published {
  readonly status: number;
  readonly cursor: string;
  readonly offset: number;
  readonly count?: number;
  readonly duplicate?: boolean;
}

export interface PublishSettings {
  readonly contentType?: string;
  readonly event?: string;
  readonly key?: string;
  readonly ephemeral?: boolean;
  readonly inline?: boolean;
  /** JSON. */
  readonly preview?: string;
  /** Id of an artifact; the body is empty then, or JSON beside it. */
  readonly artifact?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Publishes a body as it stands, over HTTP; JSON where no content type is given. */
export async function publish(
  base: string,
  channel: string,
  body: Body,
  settings: PublishSettings = {},
): Promise<Published> {
  const { contentType = "application/json", ephemeral, inline, headers } = settings;
  const url = new URL(`${base}/channels/${channel}`);
  for (const name of ["event", "key", "preview", "artifact"] as const) {
    const value = settings[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  if (ephemeral === true) url.searchParams.set("ephemeral", "");
  if (inline === true) url.searchParams.set("inline", "");
  const answer = await send(url, {
    method: "POST",
    body,
    headers: { "content-type": contentType, ...headers },
  });
  return { ...(answer.json() as Omit<Published, "status">), status: answer.status };
}

/** Deletes a key of a compact channel. */
export async function deleteKey(base: string, channel: string, key: string): Promise<void> {
  const url = new URL(`${base}/channels/${channel}`);
  url.searchParams.set("key", key);
  const { status, text } = await send(url, { method: "DELETE" });
  if (status !== 200) throw new Error(`the deletion was answered with ${status}: ${text}`);
}

/** One line of a batch. */
export interface Line {
  readonly data: unknown;
  readonly event?: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly contentType?: string;
}

/** Publishes a batch, appended as one. */
export async function publishBatch(
  base: string,
  channel: string,
  lines: readonly Line[],
): Promise<Published> {
  const body = lines.map((line) => JSON.stringify(line)).join("\n");
  const published = await publish(base, channel, body, { contentType: "application/x-ndjson" });
  if (published.status !== 201 && published.status !== 200)
    throw new Error(`the batch was answered with ${JSON.stringify(published)}`);
  return published;
}

/** Publishes the numbers from `from` up to and with `to`, one message each, as one batch. */
export async function publishNumbers(
  base: string,
  channel: string,
  from: number,
  to: number,
): Promise<Published> {
  return publishBatch(
    base,
    channel,
    Array.from({ length: to - from + 1 }, (_, index) => ({ data: from + index })),
  );
}
