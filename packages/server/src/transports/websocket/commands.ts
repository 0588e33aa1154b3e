import type { Connection } from "@tidings/core";
import { type CommandFrame, encodeTextFrame, quote, TidingsError } from "@tidings/protocol";
import type { Access } from "../../auth/index.ts";
import type { Call, Caller, Outcome } from "../../commands/index.ts";
import { outcomeLine } from "../../http/commands.ts";
import type { Services } from "../../http/services.ts";

export interface CommandSocket {
  readonly id: string;
  readonly connection: Connection;
  readonly access: Access;
  readonly isBlocked: boolean;
}

/** The commands of one WebSocket: each is answered by its id, in the order in which they end. */
export class SocketCommands {
  readonly #services: Services;
  readonly #socket: CommandSocket;
  readonly #caller: Caller;
  readonly #calls = new Map<string, Call | undefined>();
  #room: PromiseWithResolvers<void> | undefined;
  #isClosed = false;
  #whenIdle: (() => void) | undefined;

  constructor(services: Services, socket: CommandSocket) {
    this.#services = services;
    this.#socket = socket;
    const maxInFlight = services.limits.maxCommandsInFlight;
    this.#caller = { transport: "websocket", connection: socket.id, maxInFlight, inFlight: 0 };
  }

  /**
   * Begins a command; its answer comes by itself.
   *
   * @throws {TidingsError} see {@link Commands.call}, and `FRAME_INVALID` for an id whose command has no answer yet
   */
  begin({ id, name, data, timeoutMs, idempotencyKey }: CommandFrame): void {
    if (this.#calls.has(id)) {
      throw new TidingsError(
        "FRAME_INVALID",
        `the command ${quote(id)} of this connection has no answer yet; give each command an id of its own.`,
        { field: "id" },
      );
    }
    // One that answers at once is over before its call is there.
    this.#calls.set(id, undefined);
    try {
      const call = this.#services.commands.call({
        name,
        input: data,
        timeoutMs,
        idempotencyKey,
        caller: this.#caller,
        // Of now: it may have been renewed.
        who: this.#socket.access.identity,
        onProgress: (json) => this.#progress(id, json),
        onDone: (outcome) => this.#done(id, outcome),
      });
      if (this.#calls.has(id)) this.#calls.set(id, call);
    } catch (error) {
      this.#calls.delete(id);
      throw error;
    }
  }

  /** Gives a command up: its own answer is `COMMAND_CANCELLED`. One that has its answer already is left as it is. */
  cancel(id: string): void {
    this.#calls.get(id)?.cancel();
  }

  /** The socket has room again. */
  resume(): void {
    if (this.#room === undefined || this.#socket.isBlocked) return;
    this.#room.resolve();
    this.#room = undefined;
  }

  /** Calls once no command is being worked on: in a drain they are finished first. */
  whenIdle(act: () => void): void {
    if (this.#calls.size === 0) act();
    else this.#whenIdle = act;
  }

  /** The socket is closed: nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls.values()) call?.gone();
    this.#calls.clear();
    this.#room?.resolve();
    this.#room = undefined;
  }

  #progress(id: string, json: string): Promise<void> | undefined {
    if (!this.#socket.isBlocked) return this.#tell(id, json);
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise.then(() => this.#progress(id, json));
  }

  #tell(id: string, json: string): undefined {
    if (!this.#isClosed)
      this.#socket.connection.sendBytes(
        encodeTextFrame(`{"type":"progress","id":${JSON.stringify(id)},"data":${json}}`),
      );
    return undefined;
  }

  #done(id: string, outcome: Outcome): void {
    this.#calls.delete(id);
    this.#socket.connection.sendBytes(encodeTextFrame(outcomeLine(outcome, id)));
    if (this.#calls.size === 0) this.#whenIdle?.();
  }
}
