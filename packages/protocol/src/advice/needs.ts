import { DEFAULT_LIMITS } from "../limits.ts";
import * as at from "./thresholds.ts";

/** What is asked of a transport. Each name is a row of {@link NEEDS}, with its unit, default and bounds. */
export interface Needs {
  readonly direction: "server-to-client" | "both" | "client-to-server" | "peer-to-peer";
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
  readonly interactivity: "none" | "one-result" | "conversation";
  readonly latencyMs: number;
  readonly client: "browser" | "phone" | "server" | "device" | "serverless";
  readonly readers: number;
  readonly proxies: readonly ("buffering" | "no-upgrade" | "no-udp")[];
  readonly idleTimeoutMs: number;
  readonly http: "1.1" | "2";
  readonly streams: number;
  readonly messageBytes: number;
  readonly binary: boolean;
  readonly history: boolean;
  readonly fieldSelection: boolean;
  readonly media: boolean;
}

export type NeedName = keyof Needs;
/** A value of any need. */
export type NeedValue = Needs[NeedName];

/** Where a need, or one value of it, makes sense: for these values of another need, which stands before it. */
export interface Only {
  readonly need: "direction" | "client";
  readonly is: readonly string[];
}

interface Described {
  readonly name: NeedName;
  /** A few words: the label in a form, and in what would change the advice. */
  readonly label: string;
  /** A whole question. */
  readonly title: string;
  /** What helps to answer it. */
  readonly hint: string;
  /** Whether it is asked of everybody; the others hold by their default until someone looks for them. */
  readonly isBasic: boolean;
  /** Elsewhere it has the value `otherwise`, and no other one is taken. */
  readonly only?: Only & { readonly otherwise: NeedValue };
}

/** One value of those that a need has. */
export interface Option {
  readonly value: string;
  readonly title: string;
  readonly only?: Only;
}

/** How a need is asked for, in a form or on a terminal. */
export type Need = Described &
  (
    | { readonly type: "one-of"; readonly default: string; readonly options: readonly Option[] }
    | { readonly type: "some-of"; readonly default: readonly string[]; readonly options: readonly Option[] }
    | { readonly type: "yes-no"; readonly default: boolean }
    | {
        readonly type: "number";
        readonly default: number;
        readonly unit: "per-second" | "ms" | "bytes" | "count";
        readonly min: number;
        readonly max: number;
        /** Where the advice may turn, rising: between two neighbours it is the same. */
        readonly steps: readonly number[];
      }
  );

const RECEIVES: readonly string[] = ["server-to-client", "both", "peer-to-peer"];
const SENDS: readonly string[] = ["both", "client-to-server", "peer-to-peer"];
const TWO_WAYS: readonly string[] = ["both", "peer-to-peer"];

/** All needs, in the order in which they are asked for: the form of the lab and the questions of the command line. */
export const NEEDS: readonly Need[] = [
  {
    name: "direction",
    type: "one-of",
    label: "direction",
    title: "Which way do messages go?",
    hint: "Both, with few messages from a client, where it also starts or stops something now and then.",
    isBasic: true,
    default: "server-to-client",
    options: [
      { value: "server-to-client", title: "from the server to clients" },
      { value: "both", title: "both ways" },
      { value: "client-to-server", title: "from clients to the server" },
      { value: "peer-to-peer", title: "between clients" },
    ],
  },
  {
    name: "receivedPerSecond",
    type: "number",
    label: "messages to a client",
    title: "How many messages does one client get?",
    hint: "On average while something goes on.",
    isBasic: true,
    only: { need: "direction", is: RECEIVES, otherwise: 0 },
    default: 1,
    unit: "per-second",
    min: 0,
    max: 1_000_000,
    steps: [
      at.RARE_PER_SECOND,
      at.REQUEST_PER_SECOND,
      at.SEEN_PER_SECOND,
      at.BUSY_PER_SECOND,
      at.BATCH_PER_SECOND,
    ],
  },
  {
    name: "sentPerSecond",
    type: "number",
    label: "messages from a client",
    title: "How many does one client send?",
    hint: "Commands, typing and pointers count.",
    isBasic: true,
    only: { need: "direction", is: SENDS, otherwise: 0 },
    default: 0.01,
    unit: "per-second",
    min: 0,
    max: 1_000_000,
    steps: [at.RARE_PER_SECOND, at.BURST_PER_SECOND],
  },
  {
    name: "interactivity",
    type: "one-of",
    label: "interactivity",
    title: "Does a person wait for answers?",
    hint: "One result: a payment's status, a report. A conversation: a debugger, a parameter that is steered.",
    isBasic: true,
    only: { need: "direction", is: RECEIVES, otherwise: "none" },
    default: "none",
    options: [
      { value: "none", title: "no: updates are shown as they come" },
      { value: "one-result", title: "for one result, and then it is over" },
      {
        value: "conversation",
        title: "for an answer to each thing they do",
        only: { need: "direction", is: TWO_WAYS },
      },
    ],
  },
  {
    name: "latencyMs",
    type: "number",
    label: "latency",
    title: "How late may a message be?",
    hint: "From being published to being read; in a conversation, there and back.",
    isBasic: true,
    default: 1_000,
    unit: "ms",
    min: 1,
    max: 86_400_000,
    steps: [at.ROUND_TRIP_MS, at.POLL_MS, at.RELAXED_MS],
  },
  {
    name: "client",
    type: "one-of",
    label: "client",
    title: "Where is the client?",
    hint: "Serverless: a function that runs for a request and cannot hold a connection.",
    isBasic: true,
    default: "browser",
    options: [
      { value: "browser", title: "in a browser" },
      { value: "phone", title: "an app on a phone" },
      { value: "server", title: "a program on a server" },
      { value: "device", title: "a small device" },
      { value: "serverless", title: "a serverless backend" },
    ],
  },
  {
    name: "readers",
    type: "number",
    label: "readers",
    title: "How many clients are connected at once?",
    hint: "All together, on all channels.",
    isBasic: true,
    default: 100,
    unit: "count",
    min: 1,
    max: 10_000_000,
    steps: [at.MANY_READERS, at.CROWD_READERS, DEFAULT_LIMITS.maxConnections],
  },
  {
    name: "proxies",
    type: "some-of",
    label: "proxies",
    title: "What stands between client and server?",
    hint: "Company proxies, CDNs, virus scanners. Where nothing is known, the client finds out by itself.",
    isBasic: true,
    default: [],
    options: [
      { value: "buffering", title: "what holds an answer back until it ends" },
      { value: "no-upgrade", title: "what refuses WebSockets" },
      { value: "no-udp", title: "what lets no UDP through" },
    ],
  },
  {
    name: "idleTimeoutMs",
    type: "number",
    label: "idle timeout",
    title: "After which silence does something between cut a connection?",
    hint: "The shortest one on the way; many proxies have 60 s.",
    isBasic: false,
    default: 60_000,
    unit: "ms",
    min: 1_000,
    max: 86_400_000,
    steps: [at.HASTY_IDLE_MS, DEFAULT_LIMITS.heartbeatMs, DEFAULT_LIMITS.pingMs],
  },
  {
    name: "http",
    type: "one-of",
    label: "HTTP version",
    title: "Which version of HTTP do browsers speak to what they are connected to?",
    hint: "HTTP/2 is offered by a proxy before Tidings, which speaks HTTP/1.1 itself.",
    isBasic: false,
    only: { need: "client", is: ["browser"], otherwise: "1.1" },
    default: "1.1",
    options: [
      { value: "1.1", title: "HTTP/1.1: six connections to a host" },
      { value: "2", title: "HTTP/2: one, for all that goes on" },
    ],
  },
  {
    name: "streams",
    type: "number",
    label: "streams of a browser",
    title: "How many streams does one browser hold open to the host?",
    hint: "All tabs together. Many channels can be read on one stream.",
    isBasic: false,
    only: { need: "client", is: ["browser"], otherwise: 1 },
    default: 1,
    unit: "count",
    min: 1,
    max: 1_000,
    steps: [1, at.HELD_STREAMS],
  },
  {
    name: "messageBytes",
    type: "number",
    label: "size of a message",
    title: "How large is a message?",
    hint: "The payload of a typical one.",
    isBasic: false,
    default: 1_000,
    unit: "bytes",
    min: 0,
    max: DEFAULT_LIMITS.maxArtifactBytes,
    steps: [at.LARGE_FRAME_BYTES, DEFAULT_LIMITS.inlineBytes],
  },
  {
    name: "binary",
    type: "yes-no",
    label: "binary payloads",
    title: "Are payloads bytes, and not JSON or text?",
    hint: "Images, sensor frames, compressed state.",
    isBasic: false,
    default: false,
  },
  {
    name: "history",
    type: "yes-no",
    label: "history",
    title: "Must a client get what it missed while it was away?",
    hint: "No where only the newest counts: pointers, prices.",
    isBasic: false,
    default: true,
  },
  {
    name: "fieldSelection",
    type: "yes-no",
    label: "field selection",
    title: "Do clients choose which fields of a message they get?",
    hint: "Choosing by channel and by event is there on every transport.",
    isBasic: false,
    only: { need: "direction", is: RECEIVES, otherwise: false },
    default: false,
  },
  {
    name: "media",
    type: "yes-no",
    label: "media of a call",
    title: "Is it the sound, picture or screen of a call?",
    hint: "Recorded media is fetched by its URL, with ranges.",
    isBasic: false,
    only: { need: "direction", is: TWO_WAYS, otherwise: false },
    default: false,
  },
];
