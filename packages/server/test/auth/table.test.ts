import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRouter } from "../../src/create/routes.ts";
import { openServices } from "../../src/create/services.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { ask, type Answered } from "./table/ask.ts";
import {
  cookie,
  CREDENTIALS,
  type Shown,
  type ShownTicket,
  ticketFor,
  TICKETS,
  tokenFor,
} from "./table/credentials.ts";
import { type Row, ROWS } from "./table/rows.ts";
import { bearer, MARKER, openWorld, type World } from "./table/world.ts";

const named = ROWS.map((row) => ({ ...row, name: nameOf(row) }));

describe("the table of routes", () => {
  test("has a row for every route, and none for what is no route", async () => {
    const declared = await declaredRoutes();
    expect([...new Set(ROWS.map(({ method, pattern }) => `${method} ${pattern}`))].sort()).toEqual(
      declared.sort(),
    );
  });

  test("has each row once", () => {
    expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
  });
});

describe("by a header", () => {
  test.each(named)("$name", async (row) => {
    await using world = await openWorld();
    await checkRow(world, row, CREDENTIALS, async (shown) => {
      const token = await tokenFor(row, shown);
      return send(world, row, token === undefined ? {} : bearer(token));
    });
  });
});

describe("by a cookie", () => {
  test.each(named)("$name", async (row) => {
    await using world = await openWorld();
    await checkRow(world, row, CREDENTIALS, async (shown) =>
      send(world, row, cookie(await tokenFor(row, shown), world.url)),
    );
  });

  test.each(named.filter(({ need }) => need !== "anyone"))(
    "$name: not for a page of another origin, and nothing but a read for one that says no origin",
    async (row) => {
      await using world = await openWorld();
      const before = await world.state();
      const shown = cookie(await tokenFor(row, "right"), "https://elsewhere.example");
      const foreign = await send(world, row, shown);
      expect([foreign.status, foreign.text]).toEqual([403, textWith(row, "ORIGIN_FORBIDDEN")]);
      if (!["GET", "HEAD"].includes(row.method)) {
        const { origin: _, ...without } = shown;
        const unsaid = await send(world, row, without);
        expect([unsaid.status, unsaid.text]).toEqual([403, textWith(row, "ORIGIN_FORBIDDEN")]);
      }
      expect(await world.state()).toBe(before);
    },
  );
});

describe("by a ticket", () => {
  test.each(named)("$name", async (row) => {
    await using world = await openWorld();
    await checkRow(world, row, TICKETS, async (shown) => {
      const ticket = await ticketFor(world, row, shown);
      return send(world, row, {}, ticket === undefined ? "" : `ticket=${ticket}`);
    });
  });
});

/** Asks with everything that may be shown, the right one last; what is refused has changed nothing, and shown nothing. */
async function checkRow<Each extends Shown | ShownTicket>(
  world: World,
  row: Row,
  shown: readonly Each[],
  show: (shown: Each) => Promise<Answered>,
): Promise<void> {
  const before = await world.state();
  for (const each of shown) {
    if (each === "right") expect(await world.state(), "after what was refused").toBe(before);
    const answer = await show(each);
    const expected = expectedOf(row, each);
    const { status, text, headers } = answer;
    expect({ shown: each, status, text }).toMatchObject({ shown: each, status: expected.status });
    if (expected.code === undefined) {
      if (row.shows !== undefined && row.method !== "HEAD") expect(text, each).toContain(row.shows);
      continue;
    }
    expect(text, each).toEqual(textWith(row, expected.code));
    expect(text, each).not.toContain(row.shows ?? MARKER);
    expect(headers["www-authenticate"], each).toEqual(
      status === 401 ? expect.stringMatching(/^Bearer\b/) : undefined,
    );
  }
  const after = await world.state();
  if (row.changes === true) expect(after).not.toBe(before);
}

/** What a row answers to a credential; with a code where it is refused. */
function expectedOf(row: Row, shown: Shown | ShownTicket): { status: number; code?: string } {
  const { need, status, tells = false } = row;
  const isEnough =
    shown === "right" ||
    need === "anyone" ||
    (need === "all" && (shown === "none" || shown === "other")) ||
    (need === "known" && shown === "other");
  if (isEnough) return { status };
  if (shown !== "other") return { status: 401, code: "UNAUTHENTICATED" };
  return { status: tells ? status : 403, code: "FORBIDDEN" };
}

function textWith({ method }: Row, code: string): unknown {
  return method === "HEAD" ? "" : expect.stringContaining(code);
}

async function send(
  world: World,
  row: Row,
  headers: Readonly<Record<string, string>>,
  query = "",
): Promise<Answered> {
  const path = row.path(world);
  const { method, body, shows } = row;
  return ask(world.url, {
    method,
    path: query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`,
    headers: { ...row.headers, ...headers },
    body,
    until: [...(shows === undefined ? [] : [shows]), "FORBIDDEN"],
  });
}

function nameOf({ method, pattern, transport }: Row): string {
  return `${method} ${pattern}${transport === undefined ? "" : `, ${transport}`}`;
}

async function declaredRoutes(): Promise<string[]> {
  const data = await mkdtemp(join(tmpdir(), "tidings-table-"));
  const guard = { open: true, allowedHosts: [], origins: [], credentials: false };
  const { services, close } = await openServices({ log: "memory", data }, guard);
  try {
    const { hub, publisher, presence, artifacts, commands, refusals, sockets } = services;
    const connections = (): number => 0;
    const metrics = new Metrics({
      hub,
      publisher,
      presence,
      artifacts,
      commands,
      refusals,
      sockets,
      connections,
      nodes: () => 1,
    });
    return createRouter(services, metrics).declared.map(({ method, pattern }) => `${method} ${pattern}`);
  } finally {
    await close();
    await rm(data, { recursive: true });
  }
}
