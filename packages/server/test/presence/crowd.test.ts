import { once } from "node:events";
import type { PresenceFrame } from "@tidings/protocol";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { openServer } from "../support/logs.ts";

const MEMBERS = 1_000;
const FLUSH_MS = 100;

/** A client that is a member, and keeps the list of all members. */
class Client {
  readonly socket: WebSocket;
  readonly list = new Map<string, unknown>();
  frames = 0;
  changes = 0;
  bytes = 0;
  answers = 0;
  #isDone: () => boolean = () => false;
  #done: (() => void) | undefined;

  constructor(url: string) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/connect`, ["tidings.v1"], {
      perMessageDeflate: false,
    });
    this.socket.on("message", (data: Buffer) => this.#take(data));
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  async until(isDone: () => boolean): Promise<void> {
    if (isDone()) return;
    this.#isDone = isDone;
    await new Promise<void>((resolve) => (this.#done = resolve));
  }

  #take(data: Buffer): void {
    const frame = JSON.parse(data.toString()) as PresenceFrame | { readonly type: "ok" };
    if (frame.type === "ok") this.answers++;
    else if (frame.type === "presence") this.#follow(frame, data.length);
    if (this.#isDone()) this.#done?.();
  }

  #follow({ members, joined = [], updated = [], left = [], count }: PresenceFrame, bytes: number): void {
    this.frames++;
    this.bytes += bytes;
    this.changes += (members ?? []).length + joined.length + updated.length + left.length;
    if (members !== undefined) this.list.clear();
    for (const { member, state } of [...(members ?? []), ...joined, ...updated]) this.list.set(member, state);
    for (const member of left) this.list.delete(member);
    if (this.list.size !== count)
      throw new Error(`${this.list.size} members are listed, and ${count} are told`);
  }
}

test(`${MEMBERS} members that join, update and leave before ${MEMBERS} listeners cost each a frame a window, and every list is right`, async () => {
  await using server = await openServer({ limits: { presenceFlushMs: FLUSH_MS } });
  const clients: Client[] = [];
  for (let at = 0; at < MEMBERS; at += 100) {
    const more = Array.from({ length: 100 }, () => new Client(server.url));
    await Promise.all(more.map(async ({ socket }) => once(socket, "open")));
    clients.push(...more);
  }
  try {
    for (const client of clients)
      client.send({ type: "subscribe", id: "s", channel: "room", presence: true });
    await Promise.all(clients.map(async (client) => client.until(() => client.frames === 1)));

    const cpu = process.cpuUsage();
    const beganMs = performance.now();
    for (const [n, client] of clients.entries())
      client.send({ type: "join", id: "j", channel: "room", member: `member-${n}`, state: { at: 0 } });
    await Promise.all(clients.map(async (client) => client.until(() => client.answers === 2)));
    for (const client of clients) client.send({ type: "update", id: "u", channel: "room", state: { at: 1 } });
    await Promise.all(clients.map(async (client) => client.until(() => client.answers === 3)));
    for (const client of clients.slice(0, MEMBERS / 2))
      client.send({ type: "leave", id: "l", channel: "room" });
    const isRight = (client: Client): boolean =>
      client.list.size === MEMBERS / 2 &&
      [...client.list.values()].every((state) => (state as { at: number }).at === 1);
    await Promise.all(clients.map(async (client) => client.until(() => isRight(client))));
    const tookMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpu);

    const expected = clients
      .slice(MEMBERS / 2)
      .map((_, n) => `member-${n + MEMBERS / 2}`)
      .sort();
    for (const client of clients) expect([...client.list.keys()].sort()).toEqual(expected);
    const most = Math.max(...clients.map(({ frames }) => frames)) - 1;
    const bytes = clients.reduce((sum, client) => sum + client.bytes, 0);
    // Windows that can have been over in that time, and never one frame for each of 2,500 changes.
    expect(most).toBeLessThanOrEqual(Math.ceil(tookMs / FLUSH_MS) + 1);
    // For who compares versions.
    console.info(
      `${most} frames at most for each listener, ${(bytes / 1e6).toFixed(1)} MB in all, ${((user + system) / 1e6).toFixed(2)} s of ` +
        `processor time with the clients', ${tookMs.toFixed(0)} ms`,
    );
  } finally {
    for (const { socket } of clients) socket.terminate();
  }
}, 30_000);
