import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { PayloadKind } from "@tidings/protocol";
import type { Server } from "../api.ts";
import { deliverAll } from "../delivery/deliver-all.ts";
import { isText, LineSplitter } from "../delivery/line-splitter.ts";
import { Outbox } from "../delivery/outbox.ts";
import { encodeOutgoing } from "../delivery/outgoing.ts";
import { deliver, type PublishAnswer } from "../delivery/publish.ts";
import { describeError, EXIT, Failure } from "../exit.ts";
import { note, print } from "../terminal.ts";

/** What to publish, where and how. */
export interface PublishJob {
  readonly server: Server;
  readonly channel: string;
  readonly event: string | undefined;
  readonly key: string | undefined;
  readonly kind: Exclude<PayloadKind, "none">;
  readonly isEphemeral: boolean;
  readonly isInline: boolean;
  /** JSON that the message shows where its payload is stored. */
  readonly preview: string | undefined;
  /** Id of an artifact that is the payload: there is no data then, or JSON beside it. */
  readonly artifact: string | undefined;
  /** Whether the key is to be deleted: there is no data then. */
  readonly isDeletion: boolean;
  readonly idempotencyKey: string | undefined;
  readonly ifMatch: string | undefined;
  readonly timeoutMs: number;
  /** Whether the server's answers are printed, rather than the last cursor. */
  readonly printsJson: boolean;
}

const CONTENT_TYPES = {
  json: "application/json",
  text: "text/plain; charset=utf-8",
  bytes: "application/octet-stream",
} as const;
/** The largest message that any server takes: a line that goes on beyond it is not held in memory. */
const MAX_LINE_BYTES = 67_108_864;
const MAX_WAITING_BYTES = 4_194_304;

/** Publishes the argument, a file, or all of standard input as one message; or an artifact, or a deletion, without data. */
export async function publishOne(
  job: PublishJob,
  argument: string | undefined,
  file: string | undefined,
): Promise<void> {
  const { data, contentType } = await readMessage(job, argument, file);
  const query = {
    ...optional("event", job.event),
    ...optional("key", job.key),
    ...optional("preview", job.preview),
    ...optional("artifact", job.artifact),
    ...(job.isEphemeral ? { ephemeral: "true" } : {}),
    ...(job.isInline ? { inline: "true" } : {}),
  };
  const answer = await deliver(
    job.server,
    {
      method: job.isDeletion ? "DELETE" : "POST",
      channel: job.channel,
      query,
      contentType,
      body: data,
      idempotencyKey: job.isEphemeral ? undefined : (job.idempotencyKey ?? randomUUID()),
      ifMatch: job.ifMatch,
    },
    { signal: new AbortController().signal, giveUpAfterMs: job.timeoutMs, onRetry: tellOnce(job).onRetry },
  );
  await printAnswer(job, answer);
}

async function readMessage(
  job: PublishJob,
  argument: string | undefined,
  file: string | undefined,
): Promise<{ readonly data: Buffer; readonly contentType: string }> {
  if (argument !== undefined && file !== undefined)
    throw new Failure(EXIT.usage, "give the data or --file, not both");
  if (job.preview !== undefined) checkJson(job.preview, "the preview", "Text is written in double quotes.");
  const isBare = argument === undefined && file === undefined;
  if ((job.artifact !== undefined && isBare) || job.isDeletion) {
    if (!isBare) throw new Failure(EXIT.usage, "with --delete there is no data");
    if (job.isDeletion && job.key === undefined) throw new Failure(EXIT.usage, "--delete needs --key");
    return { data: Buffer.alloc(0), contentType: CONTENT_TYPES.bytes };
  }
  const data = await readData(argument, file);
  if (job.artifact !== undefined) {
    checkJson(data.toString(), "the data beside the artifact", "Text is written in double quotes.");
    return { data, contentType: CONTENT_TYPES.json };
  }
  if (job.kind === "json") checkJson(data.toString(), "the data");
  // An argument is always text; a file that says it is and is not would be refused by the server as broken.
  const kind = job.kind === "text" && !isText(data) ? "bytes" : job.kind;
  return { data, contentType: CONTENT_TYPES[kind] };
}

/** Publishes each line of standard input as it comes. Answers the exit code of a signal that ended it, else 0. */
export async function publishLines(job: PublishJob): Promise<number> {
  if (job.ifMatch !== undefined)
    throw new Failure(EXIT.usage, "--if-match is for one message: give the data or --file");
  if (job.preview !== undefined)
    throw new Failure(EXIT.usage, "--preview is for one message: give the data or --file");
  const outbox = new Outbox({ maxMemoryBytes: MAX_WAITING_BYTES, whenFull: "wait" });
  if (process.stdin.isTTY) note("reading lines from the terminal; Ctrl+D ends");
  let exitCode: number = EXIT.ok;
  // What was read before the signal is still published; a second signal ends at once.
  process.once("SIGINT", () => {
    exitCode = EXIT.interrupted;
    process.stdin.destroy();
  });
  process.once("SIGTERM", () => {
    exitCode = EXIT.terminated;
    process.stdin.destroy();
  });
  let last: PublishAnswer | undefined;
  const outage = tellOnce(job);
  const delivery = deliverAll(job.server, job.channel, outbox, {
    signal: new AbortController().signal,
    giveUpAfterMs: job.timeoutMs,
    query: job.isEphemeral ? { ephemeral: "true" } : {},
    isEphemeral: job.isEphemeral,
    hasLineKeys: job.idempotencyKey !== undefined,
    onRetry: outage.onRetry,
    onAnswer: async (answer) => {
      last = answer;
      outage.isOver();
      if (job.printsJson) await printAnswer(job, answer);
    },
  }).then(
    () => undefined,
    (error: unknown) => {
      // There is no use in reading what cannot be published.
      note(`${outbox.size} lines were read and not published`);
      outbox.discard();
      process.stdin.destroy();
      return { error };
    },
  );
  const reading = await readLines(job, outbox).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  // What stands before a line at fault is published all the same.
  outbox.close();
  const failed = (await delivery) ?? (exitCode === EXIT.ok ? reading : undefined);
  if (!job.printsJson && last !== undefined) await printAnswer(job, last);
  if (failed !== undefined) throw failed.error;
  return exitCode;
}

/** Tells of an outage when it begins, and not at each try. */
function tellOnce({ timeoutMs }: PublishJob): {
  readonly onRetry: (failure: Failure) => void;
  readonly isOver: () => void;
} {
  let isTold = false;
  return {
    onRetry: (failure) => {
      if (!isTold) note(`${failure.message}; trying for up to ${timeoutMs / 1_000} s`);
      isTold = true;
    },
    isOver: () => (isTold = false),
  };
}

async function readLines(job: PublishJob, outbox: Outbox): Promise<void> {
  const { event, key, kind, idempotencyKey, isInline } = job;
  let number = 0;
  const splitter = new LineSplitter(MAX_LINE_BYTES, ({ kind: piece, bytes }) => {
    number++;
    if (piece === "part")
      throw new Failure(EXIT.usage, `line ${number} is longer than 64 MiB, more than a message can be`);
    // An update (a bare CR) is a line to whoever pipes a progress bar in here.
    if (kind === "json") {
      if (bytes.toString().trim() === "") return;
      checkJson(bytes.toString(), `line ${number}`);
    }
    outbox.push(
      encodeOutgoing({
        ...optional("event", event),
        ...optional("key", key),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}.${number}` }),
        kind: kind === "text" && !isText(bytes) ? "bytes" : kind,
        data: bytes,
        ...(isInline ? { inline: true } : {}),
      }),
    );
  });
  for await (const chunk of process.stdin) {
    splitter.push(chunk as Buffer);
    await outbox.room();
  }
  splitter.end();
}

async function readData(argument: string | undefined, file: string | undefined): Promise<Buffer> {
  if (argument !== undefined) return Buffer.from(argument);
  if (file === undefined) return buffer(process.stdin);
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure(EXIT.failure, `${file} cannot be read: ${describeError(error)}`, error);
  }
}

function checkJson(text: string, what: string, advice = "Without --json it is published as text."): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Failure(EXIT.usage, `${what} is not JSON: ${describeError(error)}. ${advice}`);
  }
}

async function printAnswer({ printsJson, isEphemeral }: PublishJob, answer: PublishAnswer): Promise<void> {
  if (printsJson) await print(`${JSON.stringify(answer)}\n`);
  // What is not kept has no cursor, and a script that reads one gets nothing.
  else if (!isEphemeral && answer.cursor !== undefined) await print(`${answer.cursor}\n`);
}

function optional<Name extends string>(
  name: Name,
  value: string | undefined,
): { readonly [N in Name]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: string };
}
