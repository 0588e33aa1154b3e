import type { Rule } from "./rule.ts";
import * as at from "./thresholds.ts";

/** Where the client is, and what stands between. */
export const RULES_OF_PLACE: readonly Rule[] = [
  {
    id: "buffered",
    where: "something holds answers back until they end",
    when: ({ proxies }) => proxies.includes("buffering"),
    effects: [
      {
        on: ["sse", "ndjson", "graphql"],
        points: null,
        text: "Nothing of the stream comes through before it ends, which it does not.",
      },
    ],
  },
  {
    id: "no-upgrade",
    where: "something refuses WebSockets",
    when: ({ proxies }) => proxies.includes("no-upgrade"),
    effects: [
      { on: ["ws"], points: null, text: "The upgrade does not come through." },
      {
        on: ["mqtt"],
        points: -40,
        text: "A proxy that refuses WebSockets seldom lets another protocol through.",
      },
    ],
  },
  {
    id: "no-udp",
    where: "something lets no UDP through",
    when: ({ proxies }) => proxies.includes("no-udp"),
    effects: [
      { on: ["webrtc"], points: -50, text: "Has to be relayed over TCP (TURN), which relieves no server." },
    ],
  },
  {
    id: "cut-soon",
    where: `something cuts what is silent for ${at.HASTY_IDLE_MS / 1_000} s or less`,
    when: ({ idleTimeoutMs }) => idleTimeoutMs <= at.HASTY_IDLE_MS,
    effects: [
      {
        on: ["sse", "ndjson", "ws", "graphql", "mqtt"],
        points: -35,
        text: "Is kept only by heartbeats that come so often that they cost more than what is carried.",
      },
    ],
  },
  {
    id: "six-connections",
    where: `a browser holds more than ${at.HELD_STREAMS} streams open by HTTP/1.1`,
    when: ({ client, http, streams }) => client === "browser" && http === "1.1" && streams > at.HELD_STREAMS,
    effects: [
      {
        on: ["sse", "ndjson", "long-poll", "graphql"],
        points: -25,
        text: "Browsers open six connections to a host by HTTP/1.1: the next stream waits, and so does every request. WebSockets are counted apart; HTTP/2 and shared tabs have no such bound.",
      },
    ],
  },
  {
    id: "no-tcp-in-browsers",
    where: "the client is in a browser",
    when: ({ client }) => client === "browser",
    effects: [
      {
        on: ["mqtt"],
        points: -30,
        text: "Runs over a WebSocket there, which does as much by itself.",
      },
    ],
  },
  {
    id: "phone",
    where: "the client is an app on a phone",
    when: ({ client }) => client === "phone",
    effects: [
      { on: ["poll"], points: -30, text: "Each request wakes the radio, whether there is something or not." },
      { on: ["long-poll"], points: -10, text: "Each message wakes the radio to send as well as to receive." },
    ],
  },
  {
    id: "backend",
    where: "the client is a program on a server",
    when: ({ client }) => client === "server",
    effects: [
      { on: ["ndjson"], points: 15, text: "A JSON object a line: any language reads it without a library." },
      { on: ["webhook"], points: 20, text: "Has an address that can be called." },
    ],
  },
  {
    id: "serverless",
    where: "the client is a serverless backend",
    when: ({ client }) => client === "serverless",
    effects: [
      { on: ["webhook"], points: 80, text: "Runs when there is something, and needs no connection." },
      {
        on: ["long-poll", "sse", "ndjson", "ws", "graphql", "mqtt", "webrtc"],
        points: null,
        text: "Needs a connection that is held open, and a function that runs, and is paid for, as long.",
      },
    ],
  },
  {
    id: "no-address",
    where: "the client is not a backend",
    when: ({ client }) => client !== "server" && client !== "serverless",
    effects: [{ on: ["webhook"], points: null, text: "Needs an address that the server can call." }],
  },
  {
    id: "device",
    where: "the client is a small device",
    when: ({ client }) => client === "device",
    effects: [
      {
        on: ["mqtt"],
        points: 70,
        text: "Made for devices: small frames, small libraries, sessions that outlive a link.",
      },
    ],
  },
];
