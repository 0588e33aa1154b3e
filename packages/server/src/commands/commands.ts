import { checkIdempotencyKey, type Limits, TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import { Wheel } from "../http/wheel.ts";
import { Execution } from "./execution.ts";
import type { CallerFacts } from "./invocation.ts";
import {
  CommandError,
  type Fault,
  faultOf,
  InputInvalidError,
  type Outcome,
  ownFault,
  tableFault,
} from "./fault.ts";
import { Registry } from "./registry.ts";
import { Remembered } from "./remembered.ts";

/** Most commands that the server works on at once, whoever calls. */
const MAX_IN_FLIGHT = 16_384;
/** How long the slot of a run that does not heed its abort stays taken, in milliseconds. */
export const ABANDON_MS = 30_000;

/** One that calls: a connection, or an address over HTTP. Its slots are bounded. */
export interface Caller extends CallerFacts {
  readonly maxInFlight: number;
  inFlight: number;
}

export interface CallRequest {
  readonly name: string;
  /** JSON, checked to be; absent where there is none. */
  readonly input: Uint8Array | undefined;
  readonly timeoutMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly caller: Caller;
  /** Whom the caller's credential stands for. */
  readonly who?: Pick<CallerFacts, "subject" | "facts"> | undefined;
  /** JSON; a promise while the caller has no room. It may reject, which is as nothing. */
  readonly onProgress?: ((json: string) => Promise<void> | void) | undefined;
  /** Once, and never after {@link Call.gone}. It MUST NOT throw. */
  readonly onDone: (outcome: Outcome) => void;
}

/** A command that is being worked on. */
export interface Call {
  /** The caller gives it up, and is answered `COMMAND_CANCELLED`. */
  cancel(): void;
  /** The caller went away: nothing is told any more. */
  gone(): void;
}

/** Every command, and all calls of them: the one way that REST, WebSockets and the library go. */
export class Commands {
  readonly registry: Registry = new Registry();
  /** Keeps lines of quiet answers alive: those of REST that stream. */
  readonly heartbeats: Wheel<() => void>;
  readonly #limits: Limits;
  readonly #logger: Logger;
  readonly #remembered = new Remembered(Date.now);
  readonly #running = new Set<Execution>();
  readonly #endings = new Set<() => void>();
  #slots = 0;
  #isDraining = false;
  #emptied: (() => void) | undefined;

  constructor(limits: Limits, logger: Logger) {
    this.#limits = limits;
    this.#logger = logger;
    this.heartbeats = new Wheel(limits.heartbeatMs, (beat) => beat());
  }

  get inFlight(): number {
    return this.#slots;
  }

  /**
   * Begins a command.
   *
   * @throws {TidingsError} where it was not begun: `COMMAND_NAME_INVALID`, `COMMAND_UNKNOWN`, `DRAINING`,
   *   `TOO_MANY_COMMANDS`, `MESSAGE_TOO_LARGE`, `KEY_INVALID`
   */
  call(request: CallRequest): Call {
    const { name, input, caller, who, idempotencyKey, onDone } = request;
    const route = this.registry.find(name);
    this.#checkRoom(caller, input);
    if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
    // Another one's key is another key: an answer is for whoever asked.
    const scope = who?.subject === undefined ? name : `${name} ${who.subject}`;
    const known =
      idempotencyKey === undefined ? undefined : this.#remembered.find(scope, idempotencyKey, input);
    if (known !== undefined && "ok" in known) {
      // As any other answer: not before the caller has got hold of the call.
      queueMicrotask(() => onDone(known));
      return SETTLED;
    }
    const asked =
      request.timeoutMs === undefined
        ? undefined
        : Math.min(request.timeoutMs, this.#limits.maxCommandTimeoutMs);
    const timeoutMs = asked ?? route.timeoutMs ?? this.#limits.commandTimeoutMs;
    const execution =
      known ??
      new Execution({
        name,
        input,
        caller: {
          transport: caller.transport,
          ...(caller.connection === undefined ? {} : { connection: caller.connection }),
          ...(who?.subject === undefined ? {} : { subject: who.subject }),
          ...(who?.facts === undefined ? {} : { facts: who.facts }),
        },
        deadlineMs: Date.now() + timeoutMs,
        idempotencyKey,
        onProgress: request.onProgress,
        maxBytes: this.#limits.maxCommandBytes,
        toFault: (error) => this.#toFault(name, error),
        onSettled: this.#settled,
      });
    const call = this.#wait(execution, caller, timeoutMs, onDone);
    if (known === undefined) {
      this.#running.add(execution);
      if (idempotencyKey !== undefined) this.#remembered.begin(scope, idempotencyKey, input, execution);
      execution.start(route.run);
    }
    return call;
  }

  /** Takes no more commands, and resolves once none is being worked on, or the time is over. */
  async drain(windowMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#running.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      timer = setTimeout(resolve, windowMs);
    });
    clearTimeout(timer);
  }

  /** Stops everything: whoever still waits is told so. */
  close(): void {
    this.#isDraining = true;
    this.heartbeats.stop();
    for (const end of [...this.#endings]) end();
  }

  #checkRoom(caller: Caller, input: Uint8Array | undefined): void {
    const { maxCommandBytes } = this.#limits;
    if (this.#isDraining)
      throw new TidingsError("DRAINING", "the server is going down; call again in a few seconds.");
    if (input !== undefined && input.length > maxCommandBytes) {
      throw new TidingsError(
        "MESSAGE_TOO_LARGE",
        `the input has ${input.length} bytes; the limit of a command's is ${maxCommandBytes}. Send it as an artifact, and its URL here.`,
      );
    }
    if (caller.inFlight < caller.maxInFlight && this.#slots < MAX_IN_FLIGHT) return;
    throw new TidingsError(
      "TOO_MANY_COMMANDS",
      caller.inFlight >= caller.maxInFlight
        ? `${caller.inFlight} commands of this caller are being worked on, as many as may be; wait for an answer.`
        : "the server works on as many commands as it may; try again later.",
    );
  }

  /** Has one caller wait for an execution: until its end, its own deadline, or until it leaves. */
  #wait(execution: Execution, caller: Caller, timeoutMs: number, onDone: CallRequest["onDone"]): Call {
    this.#slots++;
    caller.inFlight++;
    let isWaiting = true;
    let isTaken = true;
    const release = (): void => {
      if (!isTaken) return;
      isTaken = false;
      this.#slots--;
      caller.inFlight--;
    };
    const stop = (): void => {
      isWaiting = false;
      clearTimeout(timer);
      this.#endings.delete(end);
    };
    const waiter = (outcome: Outcome): void => {
      stop();
      release();
      onDone(outcome);
    };
    const leave = (fault: Fault, isTold: boolean): void => {
      if (!isWaiting) return;
      stop();
      execution.leave(waiter, fault.error);
      // A run that goes on after its abort is work that its caller has caused: its slot stays taken, but not for good.
      if (execution.isAborted && !execution.isSettled) this.#keepSlot(execution, release);
      else release();
      if (isTold) onDone({ ok: false, fault });
    };
    const end = (): void =>
      leave(tableFault("DRAINING", "the server was closed before the command had its answer."), true);
    // Node keeps timers of one length in one list under a single timer of its own, so one for each command is cheap.
    const timer = setTimeout(() => {
      const message = `the command ${execution.name} was not answered within ${timeoutMs} ms.`;
      leave(tableFault("COMMAND_TIMEOUT", message), true);
    }, timeoutMs);
    this.#endings.add(end);
    execution.join(waiter);
    return {
      cancel: () => leave(tableFault("COMMAND_CANCELLED", "the command was cancelled by its caller."), true),
      gone: () => leave(tableFault("COMMAND_CANCELLED", "the caller of the command went away."), false),
    };
  }

  #keepSlot(execution: Execution, release: () => void): void {
    const timer = setTimeout(() => {
      this.#logger.warn(
        { command: execution.name, afterMs: ABANDON_MS },
        "a command's handler does not heed its abort signal; it is counted no longer",
      );
      this.#forget(execution, undefined);
      release();
    }, ABANDON_MS);
    timer.unref();
    execution.join(() => {
      clearTimeout(timer);
      release();
    });
  }

  readonly #settled = (execution: Execution, outcome: Outcome): void => this.#forget(execution, outcome);

  #forget(execution: Execution, outcome: Outcome | undefined): void {
    const { name, idempotencyKey } = execution;
    if (idempotencyKey !== undefined) this.#remembered.end(name, idempotencyKey, execution, outcome);
    this.#running.delete(execution);
    if (this.#running.size === 0) this.#emptied?.();
  }

  /** What a run threw, fit for its caller: the rest is for the log, and never the payload. */
  #toFault(name: string, error: unknown): Fault {
    try {
      if (error instanceof InputInvalidError) return faultOf(error, error.data);
      if (error instanceof CommandError) {
        const fault = ownFault(error);
        if ((fault.data?.length ?? 0) <= this.#limits.maxCommandBytes) return fault;
      } else if (error instanceof TidingsError) {
        if (error.code === "COMMAND_FAILED")
          this.#logger.error({ err: error, command: name }, "a command failed");
        return faultOf(error);
      }
      this.#logger.error({ err: error, command: name }, "a command failed");
    } catch (unfit) {
      this.#logger.error({ err: unfit, command: name }, "a command failed, and what it threw cannot be told");
    }
    return tableFault(
      "COMMAND_FAILED",
      `the command ${name} met a fault of its own, which the server's log tells.`,
    );
  }
}

const SETTLED: Call = { cancel: () => undefined, gone: () => undefined };
