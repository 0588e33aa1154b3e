import { expect } from "vitest";
import type { GrantLists, Right } from "@tidings/core";
import type { TidingsOptions } from "../../../src/create/options.ts";
import { openServer, type TestServer } from "../../support/logs.ts";
import { HS256, mint } from "../support.ts";
import { ask } from "./ask.ts";

export const AUDIENCE = "tidings";
export const COOKIE = "session";
export const CHANNEL = "evals/1/logs";
/** Its policy is `compact`. */
export const KEYED = "evals/1/keyed";
export const COMMAND = "evals.stop";
/** What stands in the message, the artifact and the member's state: only those who may read it see it. */
export const MARKER = "nobody-else-sees-this";
export const HOLDER = "ann";

/** A server with something in each of its places, and somebody who may do everything. */
export interface World extends AsyncDisposable {
  readonly server: TestServer;
  readonly url: string;
  readonly admin: Readonly<Record<string, string>>;
  /** The message of {@link CHANNEL} names it. */
  readonly artifact: string;
  /** One that is not whole yet. */
  readonly upload: string;
  /** A live connection that {@link HOLDER} has opened. */
  readonly connection: string;
  /** How often {@link COMMAND} was run. */
  readonly runs: number;
  /** All that a request could have changed. */
  state(): Promise<string>;
}

export async function openWorld(options: TidingsOptions = {}): Promise<World> {
  const server = await openServer({
    auth: { jwt: [HS256], audience: AUDIENCE, cookie: COOKIE },
    policies: [{ pattern: KEYED, compact: true }],
    limits: { presenceFlushMs: 1 },
    ...options,
  });
  const { url, tidings } = server;
  let runs = 0;
  tidings.command(COMMAND, { handler: () => ++runs });
  const admin = bearer(await mint({ admin: ["**"] }, { aud: AUDIENCE, sub: "root" }));
  const json = { ...admin, "content-type": "application/json" };
  const make = async (method: string, path: string, headers: object, body: string): Promise<string> => {
    const made = await ask(url, { method, path, headers: { ...admin, ...headers }, body });
    expect([200, 201, 204], `${method} ${path}: ${made.text}`).toContain(made.status);
    return made.headers.location?.split("/").at(-1) ?? "";
  };
  const text = { "content-type": "text/plain" };
  const artifact = await make("POST", "/artifacts", text, MARKER);
  const upload = await make("POST", "/artifacts", { ...text, "upload-complete": "?0" }, "abc");
  await make("POST", `/channels/${CHANNEL}`, json, `{"m":"${MARKER}"}`);
  await make("POST", `/channels/${CHANNEL}?artifact=${artifact}`, text, "");
  await make("POST", `/channels/${KEYED}?key=a`, json, "1");
  await make("PUT", `/presence/${CHANNEL}?member=ada`, json, `"${MARKER}"`);
  await make("POST", "/revocations", json, '{"token":"taken-back"}');
  const holder = bearer(await mint({ subscribe: ["**"] }, { aud: AUDIENCE, sub: HOLDER }));
  const opened = await ask(url, {
    method: "GET",
    path: "/connect?channel=held",
    headers: { ...holder, accept: "application/x-ndjson" },
    until: ["caught-up"],
    isKept: true,
  });
  const { connection } = JSON.parse(opened.text.split("\n")[0] ?? "") as { connection: string };
  return {
    server,
    url,
    admin,
    artifact,
    upload,
    connection,
    get runs() {
      return runs;
    },
    async state() {
      const seen = await Promise.all(
        ["/channels", `/presence/${CHANNEL}`, "/revocations", `/artifacts/${artifact}`].map(
          async (path) => (await ask(url, { method: "GET", path, headers: admin })).text,
        ),
      );
      const uploaded = await ask(url, { method: "HEAD", path: `/artifacts/${upload}`, headers: admin });
      const metrics = (await ask(url, { method: "GET", path: "/metrics", headers: admin })).text;
      const counted = metrics.match(/^tidings_artifacts? .*$|^tidings_artifact_bytes .*$/gm) ?? [];
      const held = await ask(url, {
        method: "GET",
        path: `/admin/connections/${connection}`,
        headers: admin,
      });
      const reads = /"channels":\d+/.exec(held.text)?.[0] ?? "gone";
      return [...seen, reads, uploaded.headers["upload-offset"], ...counted, `runs ${runs}`].join("\n");
    },
    async [Symbol.asyncDispose]() {
      opened.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** What is asked of a credential. `some`: the right, for anything at all. */
export interface Needed {
  readonly right: Right;
  readonly name: string;
  readonly some?: boolean;
  /** What else is needed for it. */
  readonly beside?: GrantLists;
}

/** Nothing but what is needed. */
export function enough({ right, name }: Needed): GrantLists {
  return { [right]: [name] };
}

/** Everything here but what is needed; and that, somewhere else. */
export function allBut({ right, name, some = false }: Needed): GrantLists {
  const all = {
    subscribe: [CHANNEL, "held"],
    publish: [CHANNEL],
    presence: [CHANNEL],
    command: [COMMAND],
    admin: ["elsewhere/**"],
  };
  const elsewhere = right === "command" ? ["others.*"] : ["others/**"];
  const { [right]: _, admin, ...others } = all;
  return {
    ...others,
    ...(some ? {} : { admin, [right]: name === "**" ? ["evals/**"] : elsewhere }),
  };
}
