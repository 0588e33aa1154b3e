import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { ChildProcess } from "node:child_process";
import { BACKLOG } from "../../../http/listener.ts";
import type { ToWorker } from "./messages.ts";

/** Connections that wait until a worker takes them; those that come to more are closed. */
const MAX_WAITING = 4_096;

/** A worker, as far as connections are handed to it. */
export interface Taker {
  readonly process: ChildProcess;
  /** Those that it has, as far as it has told. */
  open: number;
  /** The one that was handed to it and that it has not taken yet. */
  handed: { close(): void } | undefined;
}

/**
 * The port. Connections are accepted here and handed, unread, to the worker that has the fewest: where workers accept from one
 * queue the system decides who gets how many (of 1,000 that came one by one, four workers got 29 to 435), and with a port
 * each (SO_REUSEPORT) those that wait for a worker that dies are lost, and a second server on the same port goes unnoticed.
 *
 * A worker has one at a time on its way, so that of one that dies or stands still no more is lost, or late, than that.
 */
export class Door {
  readonly #server: Server;
  readonly #takers = new Set<Taker>();
  readonly #waiting: Socket[] = [];

  constructor() {
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#came(socket));
  }

  /** Listens, and answers the port that was got. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off("error", reject);
        // Such as too many open files: the next connection may fare better.
        this.#server.on("error", ignore);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing new is taken in. */
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  add(taker: Taker): void {
    this.#takers.add(taker);
    this.#handOut();
  }

  /** A worker has ended, or takes no more. */
  delete(taker: Taker): void {
    this.#takers.delete(taker);
    // Nobody else has it: its client would wait for good.
    taker.handed?.close();
    taker.handed = undefined;
  }

  /** A worker has taken what it was handed. */
  taken(taker: Taker): void {
    taker.handed = undefined;
    taker.open++;
    this.#handOut();
  }

  #came(socket: Socket): void {
    socket.on("error", ignore);
    if (this.#waiting.length >= MAX_WAITING) return void socket.destroy();
    this.#waiting.push(socket);
    this.#handOut();
  }

  #handOut(): void {
    while (this.#waiting.length > 0) {
      const taker = this.#next();
      if (taker === undefined) return;
      const socket = this.#waiting.shift() as OwnedSocket;
      if (socket.destroyed) continue;
      taker.handed = socket._handle;
      // Or Node would keep a list of all sockets of this server at both ends.
      socket.server = null;
      taker.process.send({ type: "connection" } satisfies ToWorker, socket, {}, ignore);
    }
  }

  /** The one with the fewest connections, of those that have nothing on its way. */
  #next(): Taker | undefined {
    let next: Taker | undefined;
    for (const taker of this.#takers)
      if (taker.handed === undefined && (next === undefined || taker.open < next.open)) next = taker;
    return next;
  }
}

/** As Node's own net has it, until it has been sent. */
type OwnedSocket = Socket & { server?: unknown; readonly _handle: { close(): void } };

function ignore(): void {}
