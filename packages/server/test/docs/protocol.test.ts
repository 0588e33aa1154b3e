import { Grants } from "@tidings/core";
import { readGrants } from "../../src/auth/claims.ts";
import {
  checkChannel,
  CLOSE_CODES,
  type ClientFrame,
  ClientFrameError,
  DEFAULT_LIMITS,
  type ErrorCode,
  ERRORS,
  parseBinaryFrame,
  parseClientFrame,
  parseCursor,
  parsePosition,
  parseServerFrame,
  SseDecoder,
  type SseEvent,
  type StreamFrame,
} from "@tidings/protocol";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parseBatch } from "../../src/http/payload.ts";
import { type Block, blocksOf, headingsOf, readDoc, sectionOf, tableOf, sorted } from "@tidings/testing/docs";
import { api } from "./support/openapi.ts";

const protocol = readDoc("PROTOCOL.md");
const blocks = blocksOf(protocol);

type Frame<Type> = Extract<StreamFrame, { readonly type: Type }>;
/** What the compiler holds to the code: every frame, and every member of each, with whether it is always there. */
type Shapes = {
  readonly [Type in StreamFrame["type"]]: {
    readonly [Name in Exclude<keyof Frame<Type>, "type">]: object extends Pick<Frame<Type>, Name>
      ? "may"
      : "must";
  };
};
const SHAPES: Shapes = {
  message: {
    channel: "must",
    cursor: "may",
    event: "may",
    key: "may",
    time: "must",
    contentType: "may",
    encoding: "may",
    data: "may",
    artifact: "may",
    preview: "may",
    deleted: "may",
  },
  welcome: { connection: "must", heartbeatMs: "must", limits: "must" },
  ok: {
    id: "may",
    channel: "may",
    cursor: "may",
    offset: "may",
    duplicate: "may",
    data: "may",
    member: "may",
  },
  progress: { id: "must", data: "must" },
  presence: {
    channel: "must",
    count: "must",
    members: "may",
    joined: "may",
    updated: "may",
    left: "may",
    version: "may",
  },
  error: {
    id: "may",
    channel: "may",
    code: "must",
    message: "must",
    retryable: "must",
    head: "may",
    gap: "may",
    data: "may",
  },
  gap: { channel: "must", reason: "must", from: "must", to: "must", missed: "must" },
  "caught-up": { channel: "must", cursor: "must" },
  draining: { reconnectInMs: "must" },
  heartbeat: {},
  pong: { id: "may" },
};

describe("PROTOCOL.md: tables", () => {
  test("has the close codes that the code has, with their names and whether to connect again", () => {
    const rows = tableOf(sectionOf(protocol, "## Close codes")).map(([code, name, reconnect]) => [
      Number(code),
      name,
      reconnect,
    ]);
    const codes = Object.entries(CLOSE_CODES).map(([code, each]) => [
      Number(code),
      each.name,
      each.reconnect ? "yes" : "no",
    ]);
    expect(rows).toEqual(codes);
  });

  test("has the limits that the code has, with their defaults", () => {
    const rows = tableOf(sectionOf(protocol, "## Limits")).map(([name, value]) => [
      name,
      Number(value?.replaceAll(",", "")),
    ]);
    expect(Object.fromEntries(rows)).toEqual(DEFAULT_LIMITS);
  });

  test("has the frames that the server sends, and of each the members that it has", () => {
    const said = sectionOf(protocol, "## What a stream says");
    expect(sorted(["message", ...headingsOf(said, 3)])).toEqual(sorted(Object.keys(SHAPES)));
    for (const [type, members] of Object.entries(SHAPES)) {
      if (type === "heartbeat") continue;
      const section =
        type === "message" ? sectionOf(protocol, "## The message") : sectionOf(protocol, `### \`${type}\``);
      const rows = tableOf(section).filter(([name]) => name !== "type");
      const documented = rows.map(([name, there]) => [name, there === "always" ? "must" : "may"]);
      expect(Object.fromEntries(documented), type).toEqual(members);
    }
  });

  test("has the frames that a client may send, and of each the members that the parser takes", () => {
    const types = /it can be (.+)\.$/.exec(refusal({ type: "no-such-type" }))?.[1]?.split(", ") ?? [];
    const section = sectionOf(protocol, "## WebSocket");
    expect(sorted(headingsOf(section, 3).filter((name) => /^[a-z]+$/.test(name)))).toEqual(sorted(types));
    for (const type of types) {
      const members = /it can have (.+)\.$/.exec(refusal({ type, noSuchMember: 1 }))?.[1]?.split(", ");
      const rows = tableOf(sectionOf(protocol, `### \`${type}\``));
      expect(sorted(rows.map(([name]) => name)), type).toEqual(sorted(members ?? []));
      for (const [name, must] of rows) {
        const example = { ...exampleOf(type) };
        delete example[name as string];
        const lacks = (): string => refusal(example);
        if (must === "yes") expect(lacks(), `${type} without ${name}`).toContain(`lacks "${name}"`);
        else expect(() => parseClientFrame(JSON.stringify(example))).not.toThrow();
      }
    }
  });

  test("names only error codes that exist", () => {
    const known = new Set(Object.keys(ERRORS));
    const named = [...protocol.matchAll(/`([A-Z]+_[A-Z_]+|CONFLICT|DRAINING|INTERNAL)`/g)].map(
      (match) => match[1] as string,
    );
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("PROTOCOL.md: examples", () => {
  test("every block has a tag that a test looks at", () => {
    const tags = new Set(blocks.map(({ tag }) => tag));
    expect(sorted([...tags])).toEqual(sorted(Object.keys(READERS)));
  });

  for (const block of blocks) {
    test(`line ${block.line} (${block.tag}) is what the real parser takes`, () => {
      const read = READERS[block.tag];
      expect(read).toBeDefined();
      read?.(block);
    });
  }

  test("every frame of both directions has an example", () => {
    const client = blocks
      .filter(({ tag }) => tag === "json client")
      .map(({ text }) => (JSON.parse(text) as ClientFrame).type);
    const server = blocks
      .filter(({ tag }) => tag === "json server")
      .map(({ text }) => parseServerFrame(text).type);
    expect(sorted([...new Set(client)])).toEqual(
      sorted(/it can be (.+)\.$/.exec(refusal({ type: "?" }))?.[1]?.split(", ") ?? []),
    );
    expect(sorted([...new Set(server)])).toEqual(sorted(Object.keys(SHAPES)));
  });
});

/** What each tag promises of its block. */
const READERS: Readonly<Record<string, (block: Block) => void>> = {
  "json client": ({ text }) => void parseClientFrame(text),
  "json server": ({ text }) => checkServerFrame(text),
  "ndjson server": ({ text }) => text.trim().split("\n").forEach(checkServerFrame),
  "ndjson batch": ({ text }) => expect(parseBatch(Buffer.from(text)).length).toBeGreaterThan(1),
  "json page": ({ text }) => checkSchema("Page", text),
  "json multi-page": ({ text }) => checkSchema("MultiPage", text),
  "json claim": ({ text }) => {
    const { tidings } = JSON.parse(text) as { readonly tidings: unknown };
    expect(readGrants(tidings)).toBeInstanceOf(Grants);
  },
  "json published": ({ text }) => checkSchema("Published", text),
  "json artifact": ({ text }) => checkSchema("Artifact", text),
  "json presence": ({ text }) => checkSchema("Presence", text),
  "json connect": ({ text }) => checkSchema("ConnectRequest", text),
  "json patch": ({ text }) => checkSchema("ConnectionPatch", text),
  "json patched": ({ text }) => checkSchema("ConnectionPatched", text),
  sse: ({ text }) => checkEventStream(text),
  "hex binary-frame": ({ text }) => {
    const message = parseBinaryFrame(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
    const { data, ...head } = message ?? {};
    expect(Buffer.from(data ?? []).toString()).toBe("hi");
    expect(protocol).toContain(`That is \`${JSON.stringify(head)}\``);
  },
  "js client": ({ text }) => expect(text).toContain("export async function follow"), // run in protocol-client.test.ts
};

function checkServerFrame(text: string): void {
  const frame = parseServerFrame(text);
  const members = SHAPES[frame.type] as Readonly<Record<string, "must" | "may">>;
  const { type: _, ...rest } = frame;
  for (const name of Object.keys(rest)) expect(members, `${frame.type}.${name}`).toHaveProperty(name);
  for (const [name, there] of Object.entries(members))
    if (there === "must") expect(rest).toHaveProperty(name);
  for (const name of ["cursor", "from", "to"]) {
    const cursor = (rest as Readonly<Record<string, unknown>>)[name];
    if (cursor !== undefined) expect(parseCursor(cursor as string)).toBeDefined();
  }
  if ("code" in frame) expect(ERRORS[frame.code as ErrorCode].retryable).toBe(frame.retryable);
  if ("channel" in frame && frame.channel !== undefined) checkChannel(frame.channel);
}

/** An event stream whose control events and message objects are frames, and whose ids are cursors or positions. */
function checkEventStream(text: string): void {
  const events: SseEvent[] = [];
  const ids: string[] = [];
  const decoder = new SseDecoder({ event: (event) => events.push(event), position: (id) => ids.push(id) });
  decoder.push(Buffer.from(text));
  expect(events.length).toBeGreaterThan(0);
  for (const { event, data } of events)
    if (event.startsWith("tidings.") || data.includes('"type":"message"')) checkServerFrame(data);
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(parseCursor(id) ?? parsePosition(id)).toBeDefined();
}

function checkSchema(name: string, text: string): void {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(api, "api");
  expect(ajv.validate({ $ref: `api#/components/schemas/${name}` }, JSON.parse(text)), ajv.errorsText()).toBe(
    true,
  );
}

/** The first example from where the frame is described. */
function exampleOf(type: string): Record<string, unknown> {
  const described = protocol.slice(protocol.indexOf(`\n### \`${type}\`\n`));
  const examples = blocksOf(described)
    .filter(({ tag }) => tag === "json client")
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>);
  const found = examples.find((example) => example["type"] === type);
  if (found === undefined) throw new Error(`there is no example of ${type}`);
  return found;
}

function refusal(frame: object): string {
  try {
    parseClientFrame(JSON.stringify(frame));
  } catch (error) {
    if (error instanceof ClientFrameError) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(frame)} was taken`);
}
