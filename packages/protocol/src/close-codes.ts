/**
 * WebSocket close codes that the server sends, with what a client should do (RFC 6455 §7.4; 4000–4999 are ours).
 * PROTOCOL.md is tested against this table.
 */
export interface CloseCode {
  readonly name: string;
  /** Whether the client should connect again, from its cursors, after a pause of its own choosing. */
  readonly reconnect: boolean;
}

export const CLOSE_CODES: Readonly<Record<number, CloseCode>> = {
  1000: { name: "normal", reconnect: false },
  1001: { name: "going away", reconnect: true },
  1002: { name: "protocol error", reconnect: false },
  1003: { name: "unsupported data", reconnect: false },
  1007: { name: "invalid UTF-8", reconnect: false },
  1009: { name: "frame too large", reconnect: false },
  1011: { name: "internal error", reconnect: true },
  4400: { name: "bad frame", reconnect: false },
  4401: { name: "unauthenticated", reconnect: false },
  4403: { name: "forbidden", reconnect: false },
  4408: { name: "timeout", reconnect: true },
  4409: { name: "conflict", reconnect: false },
  4413: { name: "too large", reconnect: false },
  4429: { name: "rate limited", reconnect: true },
  4503: { name: "draining", reconnect: true },
};
