import type { Server } from "../api.ts";
import { Outbox } from "../delivery/outbox.ts";
import { encodeOutgoing, type Outgoing } from "../delivery/outgoing.ts";
import { note } from "../terminal.ts";
import { type Child, type ChildEnd, exitCodeFor, startChild } from "./child.ts";
import { Courier } from "./courier.ts";
import { Echo } from "./echo.ts";
import { StreamMessages, type StreamName } from "./stream-messages.ts";

export interface RunRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly server: Server;
  readonly channel: string;
  readonly isQuiet: boolean;
  readonly flushTimeoutMs: number;
}

/** What waits for the server beyond this goes into a file. */
const MAX_MEMORY_BYTES = 67_108_864;

/** Runs the command to its end, publishes what it does, and answers the exit code. */
export async function runCommandLine(request: RunRequest): Promise<number> {
  const { command, args } = request;
  const outbox = new Outbox({ maxMemoryBytes: MAX_MEMORY_BYTES, whenFull: "spill" });
  const emit = (message: Outgoing): void => outbox.push(encodeOutgoing(message));
  const startedAtMs = performance.now();
  const child = startChild(command, args);
  const courier = new Courier(request.server, request.channel, outbox);
  if (child.pid !== undefined)
    emit(jsonMessage("start", { command, args, pid: child.pid, cwd: process.cwd() }));
  const streams = (["stdout", "stderr"] as const).map((name) =>
    publishStream(child, name, request.isQuiet, outbox, emit),
  );

  const end = await child.ended;
  child.release();
  for (const stream of streams) stream.end();
  emit(
    jsonMessage("exit", {
      code: end.code,
      signal: end.signal,
      ...faultOf(end),
      durationMs: Math.round(performance.now() - startedAtMs),
    }),
  );
  outbox.close();
  if (end.error !== undefined) note(end.error);

  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  const deliveryCode = await courier.finish(request.flushTimeoutMs, interrupted.signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  // The command's own failure says more than ours.
  return exitCodeFor(end) === 0 ? deliveryCode : exitCodeFor(end);
}

function publishStream(
  child: Child,
  name: StreamName,
  isQuiet: boolean,
  outbox: Outbox,
  emit: (message: Outgoing) => void,
): StreamMessages {
  const from = child[name];
  const messages = new StreamMessages({ name, emit, nowMs: () => performance.now() });
  const echo = isQuiet ? undefined : new Echo(from, process[name]);
  from.on("data", (chunk: Buffer) => {
    echo?.write(chunk);
    messages.push(chunk);
    // Only when neither memory nor the disk has room: then the command waits, rather than a line being lost.
    if (!outbox.isFull) return;
    from.pause();
    void outbox.room().then(() => from.resume());
  });
  return messages;
}

function faultOf({ error }: ChildEnd): object {
  return error === undefined ? {} : { error };
}

function jsonMessage(event: string, data: object): Outgoing {
  return { event, kind: "json", data: Buffer.from(JSON.stringify(data)) };
}
