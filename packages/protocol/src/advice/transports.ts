/**
 * How a transport gets through what stands between: by requests that are answered at once, one that is held, one whose
 * answer does not end, an upgrade, a request to the client, datagrams, or a protocol of its own on TCP. What stops one
 * stops the others of its kind, so a fallback is of another one.
 */
type Path = "request" | "held" | "stream" | "upgrade" | "callback" | "datagrams" | "tcp";

interface TransportFacts {
  readonly title: string;
  /** Whether this version has it. */
  readonly isBuilt: boolean;
  /** Whether what the client sends goes over it too. */
  readonly isDuplex: boolean;
  readonly path: Path;
}

/** As the client and `tidings subscribe` name them; `http` is what publishes, commands and uploads go by. */
export type TransportName =
  | "http"
  | "poll"
  | "long-poll"
  | "sse"
  | "ndjson"
  | "ws"
  | "webhook"
  | "graphql"
  | "mqtt"
  | "webrtc";

/** All transports of Tidings, the simplest first: where two score the same, the earlier one is advised. */
export const TRANSPORTS: Readonly<Record<TransportName, TransportFacts>> = {
  http: { title: "HTTP requests", isBuilt: true, isDuplex: false, path: "request" },
  poll: { title: "short polls", isBuilt: true, isDuplex: false, path: "request" },
  "long-poll": { title: "long polls", isBuilt: true, isDuplex: false, path: "held" },
  sse: { title: "Server-Sent Events", isBuilt: true, isDuplex: false, path: "stream" },
  ndjson: { title: "NDJSON", isBuilt: true, isDuplex: false, path: "stream" },
  ws: { title: "WebSocket", isBuilt: true, isDuplex: true, path: "upgrade" },
  webhook: { title: "webhooks", isBuilt: false, isDuplex: false, path: "callback" },
  graphql: { title: "GraphQL subscriptions", isBuilt: false, isDuplex: false, path: "stream" },
  mqtt: { title: "MQTT", isBuilt: false, isDuplex: true, path: "tcp" },
  webrtc: { title: "WebRTC", isBuilt: false, isDuplex: true, path: "datagrams" },
};

export const TRANSPORT_NAMES: readonly TransportName[] = Object.keys(TRANSPORTS) as TransportName[];
