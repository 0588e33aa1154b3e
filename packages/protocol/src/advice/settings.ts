import { DEFAULT_LIMITS } from "../limits.ts";
import type { Needs } from "./needs.ts";
import * as at from "./thresholds.ts";
import type { TransportName } from "./transports.ts";

/** Something to set, or to do, so that the advised transport does its best. */
export interface Setting {
  /** Who sets it: the server's configuration, the client's options, or what the application does. */
  readonly where: "server" | "client" | "application";
  /** As docs/reference/options.md and client.md name it; of the application, what it is about. */
  readonly name: string;
  readonly value: string | number | boolean;
  readonly text: string;
}

/** The advice so far. */
export interface Advised {
  readonly needs: Needs;
  readonly choice: TransportName | undefined;
  /** Whether one of these is the choice or the fallback. */
  readonly uses: (...transports: readonly TransportName[]) => boolean;
}

/** A setting as data: where `when` holds, it has the value that `value` answers. */
export interface SettingRule extends Omit<Setting, "value"> {
  readonly when: (advised: Advised) => boolean;
  readonly value: (advised: Advised) => Setting["value"];
}

const { heartbeatMs, pingMs, longPollDefaultMs, inlineBytes, maxBatchMessages, maxConnections } =
  DEFAULT_LIMITS;

/** Half of what is cut, so that one that is late does no harm. */
const halfIdle = ({ needs }: Advised): number => Math.floor(needs.idleTimeoutMs / 2);
const isOnScreen = ({ client }: Needs): boolean => client === "browser" || client === "phone";

/** Every setting there is, in the order in which they are told. */
export const SETTINGS: readonly SettingRule[] = [
  {
    where: "client",
    name: "transport",
    when: ({ choice }) => choice === "poll" || choice === "long-poll" || choice === "ndjson",
    value: ({ choice }) => choice as TransportName,
    text: "Pins it, so that the client has no other one to go on with: by itself it begins with SSE.",
  },
  {
    where: "client",
    name: "binary",
    when: ({ choice, needs }) => choice === "ws" && needs.binary,
    value: () => true,
    text: "The client begins with a WebSocket and gets bytes as they are; without one it goes on with the fallback by itself.",
  },
  {
    where: "client",
    name: "lowLatency",
    when: ({ choice, needs }) => choice === "ws" && !needs.binary,
    value: () => true,
    text: "The client begins with a WebSocket; without one it goes on with the fallback by itself.",
  },
  {
    where: "client",
    name: "pollMs",
    when: ({ choice }) => choice === "poll",
    value: ({ needs }) => Math.max(at.MIN_POLL_MS, Math.min(at.MAX_POLL_MS, needs.latencyMs)),
    text: "As late as a message may be, so often is asked.",
  },
  {
    where: "client",
    name: "waitMs",
    when: ({ uses, needs }) => uses("long-poll") && needs.idleTimeoutMs <= longPollDefaultMs,
    value: halfIdle,
    text: "A request that is held is answered before it is cut.",
  },
  {
    where: "server",
    name: "limits.heartbeatMs",
    when: ({ uses, needs }) => uses("sse", "ndjson") && needs.idleTimeoutMs <= heartbeatMs,
    value: halfIdle,
    text: "Streams are never silent for so long that they are cut.",
  },
  {
    where: "server",
    name: "limits.pingMs",
    when: ({ uses, needs }) => uses("ws") && needs.idleTimeoutMs <= pingMs,
    value: halfIdle,
    text: "WebSockets are never silent for so long that they are cut.",
  },
  {
    where: "client",
    name: "share",
    when: ({ uses, needs }) =>
      needs.client === "browser" &&
      needs.http === "1.1" &&
      needs.streams > 1 &&
      uses("sse", "ndjson", "long-poll"),
    value: () => true,
    text: "Tabs share one connection; or offer HTTP/2 at the proxy.",
  },
  {
    where: "server",
    name: "compression",
    when: ({ choice, needs }) =>
      choice === "ws" && !needs.binary && needs.messageBytes > at.LARGE_FRAME_BYTES,
    value: () => "all",
    text: "Half of the bytes for text of 2 KB, at the same CPU, since all readers share what is compressed once; not where secrets and strangers share a channel.",
  },
  {
    where: "server",
    name: "policies.conflate",
    when: ({ needs }) => isOnScreen(needs) && !needs.history && needs.receivedPerSecond > at.SEEN_PER_SECOND,
    value: () => true,
    text: "With a key for each thing that has a newest value, a reader that is slow gets only those; nobody sees more of them.",
  },
  {
    where: "application",
    name: "ephemeral",
    when: ({ needs, choice }) =>
      !needs.history && choice !== undefined && choice !== "http" && needs.direction !== "client-to-server",
    value: () => true,
    text: "What nobody comes back for need not be kept; a client may publish 200 of them a second (limits.maxEphemeralPerSecond).",
  },
  {
    where: "application",
    name: "batches",
    when: ({ needs }) => needs.receivedPerSecond > at.BATCH_PER_SECOND,
    value: () => maxBatchMessages,
    text: "Messages together in a request, a line each: one by one 54,000 are published a second, in batches 530,000.",
  },
  {
    where: "application",
    name: "artifacts",
    when: ({ needs }) => needs.messageBytes > inlineBytes,
    value: () => true,
    text: "Payloads of this size are stored by themselves: readers get a URL and a preview, and fetch with ranges.",
  },
  {
    where: "server",
    name: "limits.maxConnections",
    when: ({ needs }) => needs.readers > maxConnections,
    value: ({ needs }) => needs.readers,
    text: "The default is 100,000. One server is all there is in this version, and so much on one was not measured.",
  },
  {
    where: "application",
    name: "signalling",
    when: ({ needs }) => needs.direction === "peer-to-peer" || needs.media,
    value: () => "ws",
    text: "Peers find each other over a channel; with the browser's own RTCPeerConnection that works in this version too.",
  },
];

/** The settings that follow from the needs and from what was chosen for them. */
export function settingsFor(
  needs: Needs,
  choice: TransportName | undefined,
  fallback: TransportName | undefined,
): readonly Setting[] {
  const uses = (...transports: readonly TransportName[]): boolean =>
    transports.some((transport) => transport === choice || transport === fallback);
  const advised: Advised = { needs, choice, uses };
  return SETTINGS.filter(({ when }) => when(advised)).map(({ where, name, value, text }) => ({
    where,
    name,
    value: value(advised),
    text,
  }));
}
