import { type Answer, send } from "@tidings/testing";
import type { Delivery } from "../../src/create/subscription.ts";
import type { Tidings } from "../../src/tidings.ts";

/** The JSON that a URL answers. */
export async function json(url: string, init?: Parameters<typeof send>[1]): Promise<Record<string, unknown>> {
  const { status, text }: Answer = await send(url, init);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** What a channel brings from now on, until it fits; its data. */
export async function untilData<Data>(
  tidings: Tidings,
  channel: string,
  fits: (data: Data, event: string) => boolean,
  since: "earliest" | "latest" = "latest",
): Promise<Data> {
  for await (const delivery of tidings.subscribe(channel, { since })) {
    const { data, event } = delivery as Delivery & { data: Data; event: string };
    if (fits(data, event)) return data;
  }
  throw new Error("the subscription ended");
}
