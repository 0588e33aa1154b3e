import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Member, PresenceFrame } from "@tidings/protocol";
import { send } from "@tidings/testing";
import { Child } from "../support/child.ts";
import type { TestServer } from "../support/logs.ts";
import { RawWebSocket } from "../support/raw-web-socket.ts";

const CHILD = fileURLToPath(new URL("node-child.ts", import.meta.url));

/** A node of its own process, called `child`, with a folder of its own: its first line is its port. */
class ChildNode extends Child {
  readonly #data: string;

  constructor(log: string, limits: object, auth: object) {
    const data = mkdtempSync(resolve(tmpdir(), "tidings-"));
    const script = `await import(${JSON.stringify(CHILD)})`;
    super(script, ["--input-type=module"], [log, JSON.stringify({ data, limits, ...auth })]);
    this.#data = data;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

export function killable(log: string, limits: object, auth?: object): Child {
  return new ChildNode(log, limits, auth === undefined ? {} : { auth });
}

/** Asks until a node hears of so many, itself among them. */
export async function untilNodes(
  { url }: { readonly url: string },
  count: number,
  authorization?: string,
): Promise<void> {
  const headers = authorization === undefined ? {} : { authorization };
  while (!(await send(`${url}/metrics`, { headers })).text.includes(`\ntidings_nodes ${count}\n`)) {
    // asked again: there is no event for what another node knows
  }
}

/** A connection to `/connect`, that may be a member. */
export async function connect(port: number): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(port, "/connect", "tidings.v1");
  await socket.jsonOf("welcome");
  return socket;
}

export async function join(
  port: number,
  channel: string,
  member: string,
  state?: unknown,
): Promise<RawWebSocket> {
  const socket = await connect(port);
  socket.sendJson({ type: "join", id: "j", channel, member, ...(state === undefined ? {} : { state }) });
  await socket.jsonOf("ok");
  return socket;
}

/** One who is told of a channel's presence, and what it has made of it: who is there, with their states. */
export class Watcher implements AsyncDisposable {
  readonly #socket: RawWebSocket;
  readonly list = new Map<string, unknown>();
  /** Everything that it was told, in order. */
  readonly told: PresenceFrame[] = [];

  static async open(port: number, channel: string): Promise<Watcher> {
    const socket = await connect(port);
    socket.sendJson({ type: "subscribe", id: "s", channel, presence: true });
    const watcher = new Watcher(socket);
    await watcher.next();
    return watcher;
  }

  private constructor(socket: RawWebSocket) {
    this.#socket = socket;
  }

  async next(): Promise<PresenceFrame> {
    const frame = (await this.#socket.jsonOf("presence")) as unknown as PresenceFrame;
    this.told.push(frame);
    const { members, joined = [], updated = [], left = [] } = frame;
    if (members !== undefined) this.list.clear();
    for (const { member, state } of [...(members ?? []), ...joined, ...updated]) this.list.set(member, state);
    for (const member of left) this.list.delete(member);
    return frame;
  }

  /** Waits until exactly these are there. */
  async until(...names: readonly string[]): Promise<void> {
    while ([...this.list.keys()].sort().join() !== [...names].sort().join()) await this.next();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#socket[Symbol.asyncDispose]();
  }
}

/** Who is there, as a node lists it. */
export async function listed(
  server: { readonly url: string },
  channel: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly Member[]> {
  return ((await send(`${server.url}/presence/${channel}`, { headers })).json() as { members: Member[] })
    .members;
}

/** Asks until a node lists exactly these. */
export async function untilListed(
  server: Pick<TestServer, "url">,
  channel: string,
  names: readonly string[],
  headers?: Readonly<Record<string, string>>,
): Promise<void> {
  while ((await listed(server, channel, headers)).map(({ member }) => member).join() !== names.join()) {
    // asked again: there is no event for what another node knows
  }
}
