import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Answer,
  type AuthOptions,
  Gate,
  type Question,
  type Revocations,
} from "../../src/auth/index.ts";
import { HS256, mint } from "./support.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe("whoever comes in", () => {
  test("with nothing may do what anonymous ones may, and is told to show something else", async () => {
    const access = await gate({ jwt: [HS256], anonymous: { subscribe: ["news"] } }).enter(
      request(),
      query(),
      false,
    );
    await access.check("subscribe", "news");
    expect(() => access.check("publish", "news")).toThrow(
      expect.objectContaining({ code: "UNAUTHENTICATED" }),
    );
  });

  test("with a token may do what it grants, and no more", async () => {
    const req = request({ authorization: `Bearer ${await mint({ publish: ["news"] }, { sub: "ann" })}` });
    const access = await gate({ jwt: [HS256] }).enter(req, query(), false);
    expect(access.identity.subject).toBe("ann");
    await access.check("publish", "news");
    expect(() => access.check("subscribe", "news")).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
  });

  test("is let in at once with a token that was verified a moment ago", async () => {
    const req = request({ authorization: `Bearer ${await mint({ publish: ["news"] })}` });
    const open = gate({ jwt: [HS256] });
    expect(open.enter(req, query(), false)).toBeInstanceOf(Promise);
    await open.enter(req, query(), false);
    expect(open.enter(req, query(), false)).not.toBeInstanceOf(Promise);
  });

  test("with a ticket is the one it was issued to, and the ticket is taken out of the query", async () => {
    const open = gate({ jwt: [HS256] });
    const token = await mint({ subscribe: ["news"] }, { sub: "ann" });
    const { identity } = await open.enter(request({ authorization: `Bearer ${token}` }), query(), false);
    const asked = query(`ticket=${open.authenticator.tickets.issue(identity).ticket}&last=1`);
    expect((await open.enter(request(), asked, false)).identity.subject).toBe("ann");
    expect(asked.toString()).toBe("last=1");
  });
});

describe("the application's own say", () => {
  test("adds grants, a subject and facts to what a client may do", async () => {
    const said: Answer = {
      allow: true,
      subject: "ann",
      grants: { subscribe: ["evals/**"] },
      facts: { plan: "pro" },
    };
    const asked: Question[] = [];
    const open = gate({
      hook: { ask: (question) => (asked.push(question), said), actions: ["connect"], headers: ["Cookie"] },
    });
    const access = await open.enter(request({ cookie: "session=1", other: "x" }), query(), false);
    expect(asked).toEqual([
      {
        action: "connect",
        identity: { kind: "anonymous" },
        address: "192.0.2.1",
        headers: { cookie: "session=1" },
      },
    ]);
    expect(access.identity).toMatchObject({ subject: "ann", facts: { plan: "pro" } });
    await access.check("subscribe", "evals/1");
  });

  test("is asked for each channel, after the grants", async () => {
    const asked: Question[] = [];
    const open = gate({
      anonymous: { subscribe: ["**"] },
      hook: {
        actions: ["subscribe", "publish"],
        ask: (question) => {
          asked.push(question);
          return question.channel === "a" ? { allow: true } : { allow: false, reason: "not today" };
        },
      },
    });
    const access = await open.enter(request(), query(), false);
    await access.check("subscribe", "a");
    await expect(access.check("subscribe", "b")).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: "not today",
    });
    expect(() => access.check("publish", "a")).toThrow(expect.objectContaining({ code: "UNAUTHENTICATED" }));
    expect(asked.map(({ action, channel }) => `${action} ${channel}`)).toEqual([
      "subscribe a",
      "subscribe b",
    ]);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("no database"))],
    ["says something else", () => ({ allowed: true }) as unknown as Answer],
    ["says too much", () => ({ allow: true, facts: { text: "x".repeat(5_000) } })],
    ["never answers", () => new Promise<Answer>(() => undefined)],
  ])("is no, which may pass, where it %s", async (_, ask) => {
    const open = gate({ hook: { ask, timeoutMs: 20, actions: ["connect"] } });
    await expect(open.enter(request(), query(), false)).rejects.toMatchObject({
      code: "AUTH_UNAVAILABLE",
      retryable: true,
    });
  });

  test("is kept for as long as is said, a fault is not", async () => {
    let times = 0;
    const ask = (): Answer => {
      if (times++ === 0) throw new Error("not yet");
      return { allow: true };
    };
    const open = gate({ hook: { ask, actions: ["connect"], cacheMs: 60_000 } });
    await expect(open.enter(request(), query(), false)).rejects.toMatchObject({ code: "AUTH_UNAVAILABLE" });
    await open.enter(request(), query(), false);
    await open.enter(request(), query(), false);
    expect(times).toBe(2);
  });

  test("over HTTP is asked by a signed POST, and 403 is a no", async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const seen: { readonly body: string; readonly headers: IncomingMessage["headers"] }[] = [];
    const answers = [
      [200, '{"allow":true,"grants":{"subscribe":["a"]}}'],
      [403, ""],
      [500, ""],
      [200, "{"],
      [200, " ".repeat(70_000)],
    ] as const;
    const server = createServer((req, res) => {
      let body = "";
      req.on("data", (part) => (body += String(part)));
      req.on("end", () => {
        const [status, text] = answers[seen.length] ?? [500, ""];
        seen.push({ body, headers: req.headers });
        res.writeHead(status).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const open = gate({ callback: { url, secret, actions: ["connect"] } });
    await (await open.enter(request(), query(), false)).check("subscribe", "a");
    await expect(open.enter(request(), query(), false)).rejects.toMatchObject({ code: "FORBIDDEN" });
    for (let at = 2; at < answers.length; at++)
      await expect(open.enter(request(), query(), false)).rejects.toMatchObject({ code: "AUTH_UNAVAILABLE" });
    const { body, headers } = seen[0] as (typeof seen)[0];
    expect(JSON.parse(body)).toMatchObject({ action: "connect", address: "192.0.2.1" });
    const signed = createHmac("sha256", Buffer.alloc(32, 7))
      .update([headers["webhook-id"], headers["webhook-timestamp"], body].join("."))
      .digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${signed}`);
  });
});

function gate(auth: AuthOptions): Gate {
  const made = new Gate({
    auth,
    revocations: { isRevoked: () => false } as unknown as Revocations,
    logger: pino({ level: "silent" }),
    nowMs: Date.now,
    onChanged: () => undefined,
    addressOf: () => "192.0.2.1",
    isTrusted: () => true,
  });
  closers.push(() => made.close());
  return made;
}

function request(headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  return { headers, method: "GET" } as unknown as IncomingMessage;
}

function query(text = ""): URLSearchParams {
  return new URLSearchParams(text);
}
