import { publish, send } from "@tidings/testing";
import { expect } from "vitest";
import { untilHeld } from "./held.ts";

/** That a server goes on: it takes a message and gives it out again, and holds nothing of those who were there before. */
export async function stillServes(url: string): Promise<void> {
  const { cursor, status } = await publish(url, "good", `"known"`);
  expect(status).toBe(201);
  expect((await send(`${url}/channels/good?last=1`)).json()).toMatchObject({
    messages: [{ cursor, data: "known" }],
  });
  await untilHeld(url, 0);
}
