import { readFile } from "node:fs/promises";
import { Random, send } from "@tidings/testing";
import { mint, SECRET } from "../auth/support.ts";
import { type Served, serveWith } from "../cli/support/tidings.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { faultIn } from "./answers.ts";
import { framesInput, handshakeInput, httpInput, type Input, type Known, webSocketInput } from "./inputs.ts";

/** How long a connection may take to end once its client has said all, in milliseconds; beyond it the server hangs. */
const HANG_MS = 15_000;
/** Connections at the same time. */
const TOGETHER = 8;
/** What the server may grow by, once it is warm, in bytes. */
const MAX_GROWTH_BYTES = 96 * 1_048_576;
/** Little room, so that V8 collects what it could leave for later, and a leak ends the server instead of hiding in its heap. */
const SMALL_HEAP = "--max-old-space-size=96 --max-semi-space-size=4";
/** Rounds until what Node.js compiles and allocates once is there. */
const WARM_ROUNDS = 10;

const KINDS: Readonly<Record<string, (random: Random, known: Known) => Input>> = {
  http: httpInput,
  handshake: handshakeInput,
  websocket: webSocketInput,
  frames: framesInput,
};

interface FuzzOptions {
  readonly seed: number;
  readonly goesOn: (round: number) => boolean;
  readonly onRound?: (round: number) => void;
}

export interface FuzzResult {
  readonly rounds: number;
  readonly connections: number;
  /** Of the server, in bytes: once it was warm, and at the end. */
  readonly warmBytes: number;
  readonly endBytes: number;
}

/**
 * Sends a server of its own random things, with a good client beside them that has to be served all the while.
 *
 * @throws {Error} what was wrong, and the seed and round it is had again by
 */
export async function fuzz({ seed, goesOn, onRound }: FuzzOptions): Promise<FuzzResult> {
  const jwt = JSON.stringify([{ algorithm: "HS256", secret: SECRET }]);
  // What channels keep is no leak: little, so that a leak shows.
  const policies = JSON.stringify([{ pattern: "**", retention: { maxBytes: 1_000_000 } }]);
  const environment = { TIDINGS_AUTH_JWT: jwt, TIDINGS_POLICIES: policies, NODE_OPTIONS: SMALL_HEAP };
  await using served = await serveWith(environment, "--log", "memory", "--compression", "all");
  const port = Number(new URL(served.url).port);
  const all = ["fuzz/**", "a"];
  const token = await mint({
    subscribe: all,
    publish: all,
    presence: all,
    command: ["**"],
    admin: ["fuzz/**"],
  });
  await using good = await GoodClient.open(port, await mint({ subscribe: ["good"], publish: ["good"] }));
  let connections = 0;
  let warmBytes = 0;
  let round = 0;
  for (; goesOn(round); round++) {
    try {
      const random = new Random(seed + round);
      const inputs = Array.from({ length: TOGETHER }, () => {
        const kinds = Object.entries(KINDS);
        const [kind, make] = kinds[random.int(0, kinds.length - 1)] as (typeof kinds)[number];
        return { kind, input: make(random, { token }) };
      });
      await Promise.all(inputs.map(async ({ kind, input }) => converse(port, kind, input)));
      await good.isServed(served.url);
    } catch (error) {
      const died = await Promise.race([served.process.ended, Promise.resolve(undefined)]);
      const how =
        died === undefined ? "" : `; the server ended with ${died.code ?? died.signal}: ${died.stderr}`;
      throw new Error(
        `seed ${seed + round}: ${error instanceof Error ? error.message : String(error)}${how}`,
        {
          cause: error,
        },
      );
    }
    connections += TOGETHER;
    if (round === WARM_ROUNDS) warmBytes = await memoryOf(served);
    onRound?.(round);
  }
  const endBytes = await memoryOf(served);
  if (warmBytes > 0 && endBytes - warmBytes > MAX_GROWTH_BYTES)
    throw new Error(
      `seed ${seed}: the server grew from ${warmBytes} to ${endBytes} bytes in ${round} rounds`,
    );
  if (served.process.stdout.includes("unexpected failure"))
    throw new Error(
      `seed ${seed}: the server logged a fault of its own: ${served.process.stdout.slice(0, 2_000)}`,
    );
  return { rounds: round, connections, warmBytes, endBytes };
}

/** Sends it, says that this was all, and looks at everything that was answered until the server has ended it too. */
async function converse(port: number, kind: string, input: Input): Promise<void> {
  await using client = await RawClient.open(port);
  const shown = (): string => JSON.stringify(Buffer.concat(input).toString("latin1").slice(0, 1_000));
  for (const part of input) {
    client.send(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.end();
  const isOver = await within(client.socket, HANG_MS);
  const fault = isOver ? faultIn(Buffer.from(client.received, "latin1")) : "a connection that does not end";
  if (fault !== undefined) throw new Error(`${kind} ${shown()} was answered with ${fault}`);
}

async function within(socket: RawClient["socket"], ms: number): Promise<boolean> {
  if (socket.closed) return true;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** One that publishes, and reads all of it on a stream that stays open. */
class GoodClient implements AsyncDisposable {
  readonly #stream: RawClient;
  readonly #headers: Readonly<Record<string, string>>;
  #count = 0;

  static async open(port: number, token: string): Promise<GoodClient> {
    const stream = await RawClient.open(port);
    stream.send(
      getRequest("/channels/good", { Accept: "application/x-ndjson", Authorization: `Bearer ${token}` }),
    );
    await stream.until('"caught-up"');
    await stream.until("\n");
    return new GoodClient(stream, { authorization: `Bearer ${token}`, "content-type": "application/json" });
  }

  private constructor(stream: RawClient, headers: Readonly<Record<string, string>>) {
    this.#stream = stream;
    this.#headers = headers;
  }

  async isServed(url: string): Promise<void> {
    const body = String(++this.#count);
    const { status } = await send(`${url}/channels/good`, { method: "POST", headers: this.#headers, body });
    if (status !== 201) throw new Error(`a good publish was answered with ${status}`);
    for (let line = ""; !line.includes(`"data":${body}}`);) {
      line = await this.#stream.until("\n");
      const data = /"type":"message".*"data":(\d+)\}/.exec(line)?.[1];
      if (data !== undefined && data !== body)
        throw new Error(`a good reader got ${data} instead of ${body}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }
}

async function memoryOf(served: Served): Promise<number> {
  const status = await readFile(`/proc/${served.process.process.pid}/status`, "utf8").catch(() => "");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
}
