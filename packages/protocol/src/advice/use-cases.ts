import type { Needs } from "./needs.ts";

/** What people build, and what it needs; the rest of the needs have their defaults. */
export interface UseCase {
  readonly name: string;
  readonly title: string;
  readonly needs: Partial<Needs>;
}

export const USE_CASES: readonly UseCase[] = [
  {
    name: "evaluations",
    title: "Watching evaluations of models: status, logs, metrics; start and stop now and then",
    needs: { direction: "both", receivedPerSecond: 20, sentPerSecond: 0.01, messageBytes: 500 },
  },
  {
    name: "evaluation-debugging",
    title: "Debugging a running evaluation, and steering its parameters",
    needs: {
      ...{ direction: "both", receivedPerSecond: 20, sentPerSecond: 2 },
      ...{ interactivity: "conversation", latencyMs: 100 },
    },
  },
  {
    name: "evaluation-results",
    title: "Telling a chat or CI that an evaluation has finished",
    needs: { client: "server", receivedPerSecond: 0.001, latencyMs: 10_000 },
  },
  {
    name: "notifications",
    title: "Live notifications",
    needs: { receivedPerSecond: 0.01, latencyMs: 5_000, readers: 10_000, messageBytes: 300 },
  },
  {
    name: "chat",
    title: "Chat with typing and presence",
    needs: { direction: "both", receivedPerSecond: 5, sentPerSecond: 0.5, messageBytes: 200 },
  },
  {
    name: "dashboard",
    title: "A live dashboard",
    needs: { receivedPerSecond: 10, readers: 500, messageBytes: 500 },
  },
  {
    name: "editing",
    title: "Collaborative editing",
    needs: {
      ...{ direction: "both", receivedPerSecond: 20, sentPerSecond: 5 },
      ...{ latencyMs: 100, messageBytes: 200 },
    },
  },
  {
    name: "game",
    title: "A game of several players",
    needs: {
      ...{ direction: "both", receivedPerSecond: 30, sentPerSecond: 20 },
      ...{ latencyMs: 50, messageBytes: 100, binary: true, history: false },
    },
  },
  {
    name: "scores",
    title: "Live scores",
    needs: { receivedPerSecond: 0.1, latencyMs: 2_000, readers: 100_000, messageBytes: 300 },
  },
  {
    name: "ticker",
    title: "A stock ticker",
    needs: { receivedPerSecond: 200, latencyMs: 100, readers: 10_000, messageBytes: 100, history: false },
  },
  {
    name: "upload",
    title: "Uploading files, and watching how far they are",
    needs: { direction: "both", receivedPerSecond: 4, sentPerSecond: 0.01, messageBytes: 200 },
  },
  {
    name: "devices",
    title: "Devices that report and are told what to do",
    needs: {
      ...{ direction: "both", receivedPerSecond: 0.01, sentPerSecond: 0.2 },
      ...{ client: "device", readers: 10_000, messageBytes: 100 },
    },
  },
  {
    name: "video-call",
    title: "A video call",
    needs: {
      ...{ direction: "peer-to-peer", receivedPerSecond: 30, sentPerSecond: 30 },
      ...{ latencyMs: 100, history: false, media: true },
    },
  },
  {
    name: "payment",
    title: "Waiting for the status of a payment",
    needs: { interactivity: "one-result", receivedPerSecond: 0.01, latencyMs: 3_000, messageBytes: 200 },
  },
  {
    name: "ai-answer",
    title: "An AI's answer, token by token, that can be resumed",
    needs: { receivedPerSecond: 50, latencyMs: 200, messageBytes: 50 },
  },
];
