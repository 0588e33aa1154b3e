import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Limits, TidingsError } from "@tidings/protocol";
import { expectContinue } from "./body-deadline.ts";
import type { Handler } from "./handler.ts";
import { OwnResponse } from "./own-response.ts";
import { rawProblem } from "./problem.ts";

/** A URL may name many channels, and `Last-Event-ID` as many cursors. */
const MAX_HEADER_BYTES = 65_536;
const MAX_HEADERS_TIME_MS = 15_000;

/**
 * How many connections the system may hold until they are accepted; it takes no more than its own bound (Linux:
 * `net.core.somaxconn`, 4,096). Node.js accepts one a turn, and Linux drops what comes to a full queue: its client tries
 * again after 1 s, 3 s, 7 s, so that with Node's own 511 the last of 5,000 that came back at once was there after 29 s.
 */
export const BACKLOG = 65_535;

/** Node's HTTP server with bounds on what a sender may take its time with. `onRefused` is told of what never becomes a request. */
export function createListener(
  handler: Handler,
  limits: Limits,
  onRefused: (error: TidingsError, socket: Socket) => void = () => undefined,
): Server {
  const headersTimeout = Math.min(MAX_HEADERS_TIME_MS, limits.requestTimeoutMs);
  const server: Server = createServer(
    {
      ServerResponse: OwnResponse as typeof ServerResponse,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout,
      // It would end uploads that take long; the handler bounds each body by itself.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, headersTimeout),
      // Other upgrades may be passed over (RFC 9110 §7.8): curl and Java offer h2c with plain requests. Node 22 before
      // 22.21 does not know the option, and refuses them.
      shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
    },
    handler,
  );
  // Whoever reads the body asks for it: what is refused by its head alone is never sent then.
  server.on("checkContinue", (req, res) => {
    expectContinue(req);
    handler(req, res);
  });
  // Node would answer 417 by itself, past everything that is checked. Any other expectation may be passed over (RFC 9110 §10.1.1).
  server.on("checkExpectation", handler);
  // A socket on which nothing moves: a client that does not take its answer would have the server keep it for good.
  // A long poll may be quiet for as long as it may be held; streams set this aside, since slow is not gone.
  server.timeout = limits.longPollMaxMs + limits.requestTimeoutMs;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Nothing can be said to a socket that is gone, or in the middle of an answer. Node's own listener asks the same.
    const answer = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
    // Nor to one whose request was cut on its way: its sender would take the path's fault for its own.
    const isCut = error.code === "HPE_INVALID_EOF_STATE";
    if (!socket.writable || answer?.headersSent === true || isCut) return void socket.destroy();
    const told = clientError(error);
    onRefused(told, socket as Socket);
    socket.end(rawProblem(told));
  });
  return server;
}

/** Listens, and answers the port that was got; `port` 0 takes any free one. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function clientError(error: NodeJS.ErrnoException): TidingsError {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return new TidingsError(
        "HEADERS_TOO_LARGE",
        `the request's head is larger than ${MAX_HEADER_BYTES} bytes; send fewer or shorter headers.`,
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new TidingsError(
        "REQUEST_TIMEOUT",
        "the request took too long to arrive; send it faster, or in parts.",
      );
    default:
      return new TidingsError(
        "REQUEST_INVALID",
        `the request is not valid HTTP/1.1 (${error.code ?? error.message}).`,
      );
  }
}
