import { type CursorStore, connect, type Tidings, type TransportName } from "@tidings/client";
import { fileCursors } from "@tidings/client/node";
import { parseExact, type Server } from "../api.ts";
import { describeError, EXIT, Failure } from "../exit.ts";
import { note } from "../terminal.ts";
import { failureOf, isFinal } from "./faults.ts";
import { webSocketFor } from "./web-socket.ts";

export type TransportChoice = TransportName | "auto";

/** Somebody waits in front of a terminal: shorter pauses than a page's, for one process. */
const TUNING = { backoffMs: 200, maxBackoffMs: 10_000, pollMs: 1_000 } as const;
/** A pinned transport has nothing to give way to, so a slow server is waited for. */
const PINNED_GREETING_MS = 8_000;

export interface ConnectionOptions {
  readonly server: Server;
  readonly transport: TransportChoice;
  readonly cursors: CursorStore | undefined;
  /** How long the first connection is tried for; later ones are without end. */
  readonly connectTimeoutMs: number;
  /** Called where the first connection could not be made in time, or will never be. */
  readonly onFailed: (failure: Failure) => void;
}

/** A client that tells on stderr of connections that are lost, and of those that take their place. */
export function openClient(options: ConnectionOptions): Tidings {
  const { server, transport, cursors, onFailed } = options;
  const tidings = connect(server.url, {
    transport,
    token: server.token,
    cursors,
    parse: parseExact,
    WebSocket: webSocketFor(server, (refusal) => {
      // Where another transport may do, that one is told itself.
      if (transport === "ws" && !refusal.isRetryable) onFailed(refusal);
    }),
    tuning: { ...TUNING, ...(transport === "auto" ? {} : { greetingMs: PINNED_GREETING_MS }) },
  });
  const firstUntilMs = Date.now() + options.connectTimeoutMs;
  let wasLive = false;
  let isLost = false;
  tidings.on("state", (state) => {
    if (state.name === "live") {
      if (isLost) note("connected again");
      wasLive = true;
      isLost = false;
    } else if (state.name === "waiting") {
      const failure = failureOf(state.reason, server);
      if (!wasLive && (isFinal(state.reason) || state.retryAtMs > firstUntilMs)) return onFailed(failure);
      if (!isLost) note(`${failure.message}; connecting again`);
      isLost = true;
    }
  });
  tidings.on("error", (error) => note(describeError(error)));
  return tidings;
}

/**
 * The file that cursors are kept in.
 *
 * @throws {Failure} when it is there and cannot be read: to begin elsewhere than it says would lose messages
 */
export async function openCursorFile(path: string): Promise<CursorStore> {
  const cursors = fileCursors(path);
  try {
    await cursors.getItem("");
    return cursors;
  } catch (error) {
    throw new Failure(
      EXIT.failure,
      `the file of cursors ${path} cannot be read: ${describeError(error)}`,
      error,
    );
  }
}
