import { LineDecoder, sliceMember } from "@tidings/protocol";
import { ask, type Server, UnreachableError } from "../api.ts";
import { EXIT, Failure } from "../exit.ts";
import { print, printable } from "../terminal.ts";

export interface Invoke {
  readonly server: Server;
  readonly name: string;
  /** JSON, or empty for none. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number | undefined;
  readonly idempotencyKey: string | undefined;
  /** Print the lines as they come, rather than the answer alone. */
  readonly printsLines: boolean;
  readonly signal: AbortSignal;
}

/** How the command ended, as its last line says. */
interface LastLine {
  readonly type: "ok" | "error";
  readonly code?: string;
  readonly message?: string;
}

/**
 * Calls a command and prints what it answers as it comes.
 *
 * @throws {UnreachableError} where there is no answer, or it breaks off
 * @throws {Failure} where the server refuses, or the command does
 */
export async function invoke(call: Invoke): Promise<void> {
  const { server, name, input, timeoutMs, idempotencyKey, signal } = call;
  const query = timeoutMs === undefined ? "" : `?timeout=${timeoutMs / 1_000}`;
  try {
    const response = await ask(server, `/commands/${encodeURIComponent(name)}${query}`, {
      method: "POST",
      headers: {
        accept: "application/x-ndjson",
        ...(input.length === 0 ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      },
      body: input.length === 0 ? null : input,
      signal,
    });
    const last = await readLines(call, response);
    if (last?.type === "error") throw new Failure(EXIT.refused, `${last.code}: ${last.message}`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  }
}

async function readLines({ server, printsLines }: Invoke, response: Response): Promise<LastLine> {
  const lines: string[] = [];
  const decoder = new LineDecoder((line) => lines.push(line));
  try {
    for await (const chunk of response.body ?? []) {
      decoder.push(chunk as Uint8Array);
      for (const line of lines.splice(0)) {
        const { type, ...rest } = JSON.parse(line) as Omit<LastLine, "type"> & { readonly type: string };
        if (type === "heartbeat") continue;
        if (printsLines) await print(`${line}\n`);
        const data = sliceMember(line, "data");
        if (type === "progress" && !printsLines) process.stderr.write(`${printable(data ?? "", false)}\n`);
        if (type === "ok" && !printsLines && data !== undefined) await print(`${data}\n`);
        if (type === "ok" || type === "error") return { type, ...rest };
      }
    }
  } catch (error) {
    throw new UnreachableError(server, error);
  }
  throw new UnreachableError(server, new Error("the answer ended before its last line"));
}
