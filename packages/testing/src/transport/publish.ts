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
  readonly headers?: Readonly<Record<string, string>>;
}

/** Publishes a body as it stands, over HTTP; JSON where no content type is given. */
export async function publish(
  base: string,
  channel: string,
  body: Body,
  settings: PublishSettings = {},
): Promise<Published> {
  const { contentType = "application/json", event, key, ephemeral, headers } = settings;
  const url = new URL(`${base}/channels/${channel}`);
  if (event !== undefined) url.searchParams.set("event", event);
  if (key !== undefined) url.searchParams.set("key", key);
  if (ephemeral === true) url.searchParams.set("ephemeral", "");
  const answer = await send(url, {
    method: "POST",
    body,
    headers: { "content-type": contentType, ...headers },
  });
  return { ...(answer.json() as Omit<Published, "status">), status: answer.status };
}

/** One line of a batch. */
export interface Line {
  readonly data: unknown;
  readonly event?: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
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
