import { expect, test } from "vitest";
import { advise } from "../../src/advice/advise.ts";
import { USE_CASES } from "../../src/advice/use-cases.ts";
import { outcomeOf } from "./support.ts";

/** REQUIREMENTS G: the transport to use now, the one to fall back on, what will be better, and what is sent by. */
const EXPECTED = {
  evaluations: ["sse", "ws", undefined, "http"],
  "evaluation-debugging": ["ws", "sse", undefined, "ws"],
  "evaluation-results": ["ndjson", "ws", "webhook", undefined],
  notifications: ["sse", "ws", undefined, undefined],
  chat: ["ws", "sse", undefined, "ws"],
  dashboard: ["sse", "ws", undefined, undefined],
  editing: ["ws", "sse", undefined, "ws"],
  game: ["ws", "sse", undefined, "ws"],
  scores: ["sse", "ws", undefined, undefined],
  ticker: ["sse", "ws", undefined, undefined],
  upload: ["sse", "ws", undefined, "http"],
  devices: ["ws", "sse", "mqtt", "ws"],
  "video-call": [undefined, undefined, "webrtc", undefined],
  payment: ["long-poll", "poll", undefined, undefined],
  "ai-answer": ["sse", "ws", undefined, undefined],
} as const;

test("every use case has the advice that is expected of it", () => {
  const advised = USE_CASES.map(({ name, needs }) => {
    const advice = advise(needs);
    const { choice, fallback, later } = outcomeOf(advice);
    return [name, [choice, fallback, later, advice.sending?.by]];
  });
  expect(Object.fromEntries(advised)).toEqual(EXPECTED);
});
