import type { Duplex } from "node:stream";
import type { TidingsError } from "@tidings/protocol";
import { rawProblem } from "./problem.ts";

/** Answers an upgrade request with a problem instead of a handshake. */
export function refuseUpgrade(
  socket: Duplex,
  error: TidingsError,
  headers: Readonly<Record<string, string>> = {},
): void {
  socket.on("error", () => socket.destroy());
  socket.end(rawProblem(error, headers), () => socket.destroy());
}
