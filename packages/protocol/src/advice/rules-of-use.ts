import { DEFAULT_LIMITS } from "../limits.ts";
import type { Rule } from "./rule.ts";
import * as at from "./thresholds.ts";

const RELAXED = `${at.RELAXED_MS / 1_000} s`;
const POLL = `${at.POLL_MS / 1_000} s`;
const INLINE = DEFAULT_LIMITS.inlineBytes.toLocaleString("en-US");

/** What an application needs. Figures are those of docs/performance.md. */
export const RULES_OF_USE: readonly Rule[] = [
  {
    id: "updates",
    where: "clients get messages",
    when: ({ direction }) => direction !== "client-to-server",
    effects: [
      {
        on: ["sse"],
        points: 50,
        text: "Made for updates: one plain HTTP answer that goes on, resumes by itself, and leaves commands to ordinary requests. The default.",
      },
      {
        on: ["ndjson"],
        points: 40,
        text: "As good a stream as SSE, but browsers do not take it up again by themselves.",
      },
      {
        on: ["ws"],
        points: 40,
        text: "Carries updates as well, once its upgrade has come through; one way that gains nothing.",
      },
      {
        on: ["graphql"],
        points: 30,
        text: "Carries updates, with a query language that has to be worth having.",
      },
      {
        on: ["long-poll"],
        points: 20,
        text: "Brings messages as soon as they are there, by a request each time.",
      },
      { on: ["poll", "mqtt"], points: 10, text: "Carries updates where nothing better does." },
      {
        on: ["http"],
        points: null,
        text: "Brings a client nothing that it does not ask for; asking again and again is a poll.",
      },
    ],
  },
  {
    id: "sends-only",
    where: "clients send, and get nothing but answers",
    when: ({ direction }) => direction === "client-to-server",
    effects: [
      {
        on: ["http"],
        points: 50,
        text: "A request that is answered: through every path, with idempotency keys, and nothing to hold open.",
      },
      { on: ["ws"], points: 20, text: "Carries what is sent; a connection has to be held for it." },
      { on: ["mqtt"], points: 10, text: "Carries what is sent; a connection has to be held for it." },
      {
        on: ["poll", "long-poll", "sse", "ndjson", "webhook", "graphql"],
        points: null,
        text: "Carries nothing from a client to the server.",
      },
    ],
  },
  {
    id: "peers",
    where: "clients talk to each other",
    when: ({ direction }) => direction === "peer-to-peer",
    effects: [
      { on: ["webrtc"], points: 100, text: "Goes from one client to the other, and relieves the server." },
      { on: ["ws"], points: 20, text: "Relays both ways on one connection of each client." },
      { on: ["webhook"], points: null, text: "Goes from the server to a backend, not between clients." },
    ],
  },
  {
    id: "no-peers",
    where: "clients do not talk to each other",
    when: ({ direction, media }) => direction !== "peer-to-peer" && !media,
    effects: [
      {
        on: ["webrtc"],
        points: null,
        text: "Is for clients that talk to each other: with a server as the other end it costs signalling and gains nothing.",
      },
    ],
  },
  {
    id: "call-media",
    where: "it is the media of a call",
    when: ({ media }) => media,
    effects: [
      {
        on: ["webrtc"],
        points: 100,
        text: "Has codecs, jitter buffers and congestion control for calls, and drops what comes too late.",
      },
      {
        on: ["http", "poll", "long-poll", "sse", "ndjson", "ws", "webhook", "graphql", "mqtt"],
        points: null,
        text: "Sends again what was lost and holds up what came after it, which stops a call's sound.",
      },
    ],
  },
  {
    id: "sends-steadily",
    where: "a client sends more than one message a minute",
    when: ({ sentPerSecond }) => sentPerSecond > at.RARE_PER_SECOND,
    effects: [
      {
        on: ["ws", "mqtt", "webrtc"],
        points: 20,
        text: "What is sent goes over the connection that is open, in order. The client's auto moves to a WebSocket for it.",
      },
    ],
  },
  {
    id: "sends-bursts",
    where: "a client sends more than three messages in two seconds",
    when: ({ sentPerSecond }) => sentPerSecond > at.BURST_PER_SECOND,
    effects: [
      {
        on: ["ws", "mqtt", "webrtc"],
        points: 30,
        text: "A publish costs the server 10 µs over a WebSocket and 16 µs as a request, and waits for no free connection in a browser.",
      },
    ],
  },
  {
    id: "conversation",
    where: "a person waits for an answer to each thing they do",
    when: ({ interactivity }) => interactivity === "conversation",
    effects: [
      {
        on: ["ws"],
        points: 40,
        text: "Requests and their answers share one ordered connection, with the messages between them.",
      },
      {
        on: ["poll", "long-poll"],
        points: -30,
        text: "An answer on the channel waits for the next request.",
      },
    ],
  },
  {
    id: "one-result",
    where: "a person waits for one result, and then it is over",
    when: ({ interactivity }) => interactivity === "one-result",
    effects: [
      {
        on: ["long-poll"],
        points: 50,
        text: "One request, answered when the result is there; nothing stays open, and it passes where streams do not.",
      },
      { on: ["poll"], points: 35, text: "A few requests, and then it is over." },
      {
        on: ["sse", "ndjson", "ws"],
        points: -20,
        text: "Opens what is to stay open, for a single message.",
      },
    ],
  },
  {
    id: "low-latency",
    where: `a message may be ${at.ROUND_TRIP_MS} ms late at most`,
    when: ({ latencyMs }) => latencyMs <= at.ROUND_TRIP_MS,
    effects: [
      {
        on: ["sse", "ndjson", "ws"],
        points: 10,
        text:
          "Pushed at once. Low latency is often a reason given for WebSocket; measured, there is next to nothing in it: one way p99 is 8.8 ms over SSE and 6.9 ms over WebSocket " +
          "(1,000 readers, 100 messages a second), there and back 0.1 ms by a request on a kept connection and 0.04 ms over a WebSocket.",
      },
    ],
  },
  {
    id: "sooner-than-polls",
    where: `a message may be ${POLL} late at most`,
    when: ({ latencyMs }) => latencyMs <= at.POLL_MS,
    effects: [
      { on: ["poll"], points: -40, text: `A message waits for the next request: ${POLL} by default.` },
    ],
  },
  {
    id: "no-hurry",
    where: `a message may be more than ${RELAXED} late`,
    when: ({ latencyMs }) => latencyMs > at.RELAXED_MS,
    effects: [
      {
        on: ["poll"],
        points: 60,
        text: "A request now and then is enough: nothing is held open, and 304 answers it while nothing is new.",
      },
    ],
  },
  {
    id: "many-messages",
    where: "a client gets more than one message a second",
    when: ({ receivedPerSecond }) => receivedPerSecond > at.REQUEST_PER_SECOND,
    effects: [
      {
        on: ["long-poll"],
        points: -30,
        text: "Nearly every message costs a request: at 100 a second to 1,000 readers p99 is 176 ms, and at most 4.9 million are delivered a second, where SSE has 29.",
      },
      { on: ["webhook"], points: -40, text: "Every message costs a request to the other end." },
    ],
  },
  {
    id: "rare-to-backend",
    where: "a backend gets at most one message a minute",
    when: ({ client, receivedPerSecond }) => client === "server" && receivedPerSecond <= at.RARE_PER_SECOND,
    effects: [
      { on: ["webhook"], points: 50, text: "A call when there is something costs nothing in between." },
    ],
  },
  {
    id: "fan-out",
    where: `all goes from the server to clients, more than ${at.BUSY_PER_SECOND} messages a second to one or to more than ${at.MANY_READERS.toLocaleString("en-US")} of them`,
    when: ({ direction, receivedPerSecond, readers }) =>
      direction === "server-to-client" &&
      (receivedPerSecond > at.BUSY_PER_SECOND || readers > at.MANY_READERS),
    effects: [
      {
        on: ["sse"],
        points: 10,
        text:
          "Many messages are often a reason given for WebSocket; measured, SSE carries more of them: 29 million deliveries a second of 128 bytes to 1,000 readers where WebSocket has 20.8, " +
          "since an event of one channel has 28 bytes around its payload and a frame some 110.",
      },
    ],
  },
  {
    id: "crowd",
    where: `more than ${at.CROWD_READERS.toLocaleString("en-US")} clients are connected`,
    when: ({ readers }) => readers > at.CROWD_READERS,
    effects: [
      {
        on: ["long-poll"],
        points: -20,
        text: "An idle one holds 12.0 kB, where SSE has 5.8, NDJSON 6.0 and WebSocket 7.3; and all ask again after each message.",
      },
    ],
  },
  {
    id: "binary",
    where: `payloads are bytes, and at most ${INLINE} of them`,
    when: ({ binary, messageBytes }) => binary && messageBytes <= DEFAULT_LIMITS.inlineBytes,
    effects: [
      { on: ["ws", "mqtt", "webrtc"], points: 30, text: "Carries bytes as they are." },
      {
        on: ["poll", "long-poll", "sse", "ndjson", "graphql"],
        points: -10,
        text: "Carries text: bytes travel as base64, a third more.",
      },
    ],
  },
  {
    id: "large-uploads",
    where: `clients send payloads above ${INLINE} bytes`,
    when: ({ direction, messageBytes }) =>
      direction === "client-to-server" && messageBytes > DEFAULT_LIMITS.inlineBytes,
    effects: [
      {
        on: ["http"],
        points: 30,
        text: "Stored from a request of any size, in parts that can be resumed; readers get a URL and a preview.",
      },
    ],
  },
  {
    id: "history",
    where: "a client must get what it missed",
    when: ({ history }) => history,
    effects: [
      { on: ["webrtc"], points: -50, text: "Keeps nothing: what a peer missed is gone." },
      { on: ["mqtt"], points: -10, text: "Has a session, but no cursor to go on from." },
    ],
  },
  {
    id: "field-selection",
    where: "clients choose the fields of messages",
    when: ({ fieldSelection }) => fieldSelection,
    effects: [{ on: ["graphql"], points: 50, text: "Clients name the fields that they get, typed." }],
  },
];
