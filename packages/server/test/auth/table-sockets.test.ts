import { CLIENT_FRAME_TYPES } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import {
  cookie,
  CREDENTIALS,
  type Shown,
  type ShownTicket,
  ticketFor,
  TICKETS,
  tokenFor,
} from "./table/credentials.ts";
import { FRAME_ROWS, type FrameRow } from "./table/frames.ts";
import { Socket } from "./table/socket.ts";
import { bearer, CHANNEL, MARKER, openWorld, type World } from "./table/world.ts";

const NEEDS = { need: { right: "subscribe", name: CHANNEL } } as const;

interface Way {
  readonly name: string;
  readonly isRaw: boolean;
  readonly path: string;
  /** `/connect`: begins all the same, and tells what may not be read. */
  readonly tells: boolean;
}

const WAYS: readonly Way[] = [true, false].flatMap((isRaw) =>
  [
    { path: `/channels/${CHANNEL}?since=earliest`, tells: false },
    { path: `/connect?channel=${CHANNEL}@earliest`, tells: true },
  ].map((way) => ({ ...way, isRaw, name: `${isRaw ? "plain" : "tidings.v1"}, ${way.path}` })),
);

type Show = (world: World, shown: string) => Promise<readonly [Readonly<Record<string, string>>, string]>;

const CARRIERS: readonly { readonly by: string; readonly shown: readonly string[]; readonly show: Show }[] = [
  {
    by: "header",
    shown: CREDENTIALS,
    show: async (_, shown) => {
      const token = await tokenFor(NEEDS, shown as Shown);
      return [token === undefined ? {} : bearer(token), ""];
    },
  },
  {
    by: "cookie",
    shown: CREDENTIALS,
    show: async ({ url }, shown) => [cookie(await tokenFor(NEEDS, shown as Shown), url), ""],
  },
  {
    by: "ticket",
    shown: TICKETS,
    show: async (world, shown) => {
      const ticket = await ticketFor(world, NEEDS, shown as ShownTicket);
      return [{}, ticket === undefined ? "" : `&ticket=${ticket}`];
    },
  },
];

describe.each(WAYS)("a WebSocket, $name", ({ isRaw, path, tells }) => {
  test.each(CARRIERS)("by a $by", async ({ shown, show }) => {
    await using world = await openWorld();
    for (const each of shown) {
      const [headers, query] = await show(world, each);
      await using socket = await Socket.open(`${world.url}${path}${query}`, headers, isRaw);
      if (each === "right") {
        expect(socket.refused).toBeUndefined();
        await socket.untilText(MARKER);
      } else if (each === "other" && tells) {
        await socket.until({ type: "error", code: "FORBIDDEN", channel: CHANNEL });
        expect(socket.text).not.toContain(MARKER);
      } else if (each === "other") {
        expect(socket.refused, each).toEqual({ status: 403, challenge: undefined });
      } else if (each === "none" && !isRaw) {
        // It may still show something: the next table.
        expect(socket.refused).toBeUndefined();
      } else {
        expect(socket.refused, each).toEqual({ status: 401, challenge: expect.stringMatching(/^Bearer\b/) });
      }
    }
  });

  test("by a cookie: not for pages of other origins, nor where none is said", async () => {
    await using world = await openWorld();
    const shown = cookie(await tokenFor(NEEDS, "right"), "https://elsewhere.example");
    const { origin: _, ...unsaid } = shown;
    for (const headers of [shown, unsaid]) {
      await using socket = await Socket.open(`${world.url}${path}`, headers, isRaw);
      expect(socket.refused?.status).toBe(403);
    }
  });
});

describe.each(WAYS.filter(({ isRaw }) => !isRaw))("a first frame, $name", ({ path }) => {
  test.each(["hello", "token"])("%s", async (type) => {
    await using world = await openWorld();
    for (const shown of CREDENTIALS) {
      await using socket = await Socket.open(`${world.url}${path}`, {}, false);
      const token = await tokenFor(NEEDS, shown);
      socket.send({
        type,
        ...(type === "token" ? { id: "1" } : {}),
        ...(token === undefined ? {} : { token }),
      });
      if (shown === "right") {
        await socket.untilText(MARKER);
        continue;
      }
      if (shown === "other") await socket.until({ type: "error", code: "FORBIDDEN", channel: CHANNEL });
      else expect(await socket.closed(), shown).toBe(4401);
      expect(socket.text).not.toContain(MARKER);
    }
  });
});

describe("the table of frames", () => {
  test("has a row for every frame, and none for what is no frame", () => {
    expect([...new Set(FRAME_ROWS.map(({ type }) => type))].sort()).toEqual([...CLIENT_FRAME_TYPES].sort());
  });

  test.each(FRAME_ROWS)("$type, $need.right", async (row) => {
    await using world = await openWorld();
    const before = await world.state();
    for (const shown of ["other", "right"] as const) {
      if (shown === "right") expect(await world.state()).toBe(before);
      const token = (await tokenFor({ need: row.need ?? "known" }, shown)) ?? "";
      await using socket = await Socket.open(`${world.url}/connect`, bearer(token), false);
      sendRow(socket, world, row, token);
      if (shown === "right" || row.need === undefined) await socket.until(row.answer);
      else await socket.until({ type: "error", id: "f", code: "FORBIDDEN" });
      expect(socket.text.includes(MARKER)).toBe(
        shown === "right" && row.type === "subscribe" && row.need !== undefined,
      );
    }
    if (row.changes === true) expect(await world.state()).not.toBe(before);
  });

  test.each(FRAME_ROWS.filter(({ type }) => type !== "hello" && type !== "token"))(
    "$type, $need.right, with nothing shown ends the connection, and is not done",
    async (row) => {
      await using world = await openWorld();
      const before = await world.state();
      await using socket = await Socket.open(`${world.url}/connect`, {}, false);
      const token = (await tokenFor({ need: row.need ?? "known" }, "right")) ?? "";
      sendRow(socket, world, row, "");
      // It comes too late.
      socket.send({ type: "token", id: "late", token });
      expect(await socket.closed()).toBe(4401);
      expect(socket.frames).toEqual([]);
      expect(await world.state()).toBe(before);
    },
  );

  test.each(FRAME_ROWS)(
    "$type, $need.right, behind a credential that does not hold is not done",
    async (row) => {
      await using world = await openWorld();
      const before = await world.state();
      const need = row.need ?? "known";
      const right = (await tokenFor({ need }, "right")) ?? "";
      for (const shown of [
        "no token",
        "unknown key",
        "bad signature",
        "expired",
        "wrong audience",
      ] as const) {
        await using socket = await Socket.open(`${world.url}/connect`, {}, false);
        socket.send({ type: "token", id: "1", token: await tokenFor({ need }, shown) });
        sendRow(socket, world, row, right);
        expect(await socket.closed()).toBe(4401);
        expect(socket.frames).toEqual([
          expect.objectContaining({ type: "error", id: "1", code: "UNAUTHENTICATED" }),
        ]);
      }
      expect(await world.state()).toBe(before);
    },
  );
});

function sendRow(socket: Socket, world: World, { type, frame }: FrameRow, token: string): void {
  socket.send({ type, ...frame(world, token) });
  socket.send({ type: "ping", id: "after" });
}
