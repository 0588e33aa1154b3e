import { sorted } from "@tidings/testing/docs";
import { DEFAULT_LIMITS, ERRORS, type ErrorCode } from "@tidings/protocol";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test, vi } from "vitest";
import { describeApi } from "../../src/http/openapi.ts";
import { Router } from "../../src/http/router.ts";
import { api, codesOf, operationsOf, type Parameter } from "./support/openapi.ts";
import { startServer } from "./support/server.ts";

/** Faults that no HTTP request can meet in this version: of frames, of the process's own start, of what is to come. */
const NOT_BY_HTTP: readonly ErrorCode[] = [
  "FRAME_INVALID",
  "FRAME_TOO_LARGE",
  "LOG_LOCKED",
  "CONFIG_INVALID",
  "NEEDS_INVALID",
];
/** Of URLs and methods that the document does not have. */
const NOT_IN_AN_OPERATION: readonly ErrorCode[] = ["METHOD_NOT_ALLOWED"];

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(structuredClone(api) as unknown as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  test("has the paths and methods that the router has, and no others", async () => {
    const on = vi.spyOn(Router.prototype, "on");
    try {
      await using _server = await startServer();
      const routes = on.mock.calls.map(([method, pattern]) => `${method} ${asTemplate(pattern)}`);
      const documented = operationsOf(api).map(({ method, path }) => `${method} ${path}`);
      expect(sorted(documented)).toEqual(sorted(routes));
    } finally {
      on.mockRestore();
    }
  });

  test("is what the server answers at /openapi.json", async () => {
    await using server = await startServer();
    const response = await fetch(`${server.url}/openapi.json`);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(api)));
  });

  test("names only problem codes that exist, each under its own status", () => {
    for (const { operation } of operationsOf(api)) {
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const code of codesOf(response)) expect(String(ERRORS[code as ErrorCode]?.status)).toBe(status);
      }
    }
  });

  test("names every problem code that an HTTP request can meet", () => {
    const named = new Set(
      operationsOf(api).flatMap(({ operation }) => Object.values(operation.responses).flatMap(codesOf)),
    );
    const missing = Object.keys(ERRORS).filter((code) => !named.has(code));
    expect(sorted(missing)).toEqual(sorted([...NOT_BY_HTTP, ...NOT_IN_AN_OPERATION]));
  });

  test("has the bounds of the limits that the server runs with", () => {
    const limits = { ...DEFAULT_LIMITS, maxPageMessages: 7, maxFilterEvents: 3, maxChannelsPerConnection: 5 };
    const other = describeApi(limits) as typeof api;
    const parameter = (path: string, name: string): Parameter["schema"] | undefined =>
      other.paths[path]?.["get"]?.parameters?.find((each) => each.name === name)?.schema;
    expect(parameter("/channels/{channel}", "limit")).toMatchObject({ minimum: 1, maximum: 7, default: 7 });
    expect(parameter("/channels/{channel}", "event")).toMatchObject({ maxItems: 3 });
    expect(parameter("/connect", "channel")).toMatchObject({ maxItems: 5 });
  });

  test("has bounds that the server holds: the greatest is taken, one more is refused", async () => {
    await using server = await startServer();
    for (const [path, item] of [
      ["/channels?", api.paths["/channels"]],
      ["/channels/a?", api.paths["/channels/{channel}"]],
      ["/connect?channel=a&", api.paths["/connect"]],
      ["/admin/channels?", api.paths["/admin/channels"]],
      ["/admin/connections?", api.paths["/admin/connections"]],
      ["/admin/events?", api.paths["/admin/events"]],
    ] as const) {
      for (const { name, schema } of item?.["get"]?.parameters ?? []) {
        const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
        if (minimum === undefined || maximum === undefined) continue;
        const ask = async (value: number): Promise<number> =>
          (await fetch(`${server.url}${path}${name}=${value}`)).status;
        expect(await ask(maximum)).toBe(200);
        expect(await ask(minimum)).toBe(200);
        expect(await ask(minimum - 1)).toBe(400);
        if (Number.isSafeInteger(maximum + 1)) expect(await ask(maximum + 1)).toBe(400);
      }
    }
  });

  test("names every query parameter that a read takes", async () => {
    await using server = await startServer();
    const names = (path: string, method = "get"): string[] =>
      (api.paths[path]?.[method]?.parameters ?? [])
        .filter((each) => each.in === "query")
        .map(({ name }) => name);
    for (const [path, url] of [
      ["/channels", "/channels"],
      ["/channels/{channel}", "/channels/a"],
      ["/connect", "/connect"],
      ["/admin/channels", "/admin/channels"],
      ["/admin/connections", "/admin/connections"],
      ["/admin/nodes", "/admin/nodes"],
      ["/admin/events", "/admin/events"],
    ] as const) {
      const problem = (await (await fetch(`${server.url}${url}?no-such-name`)).json()) as { detail: string };
      const known = /; there are (.+)\.$/.exec(problem.detail)?.[1]?.split(", ");
      expect(sorted(names(path))).toEqual(sorted(known ?? []));
    }
    const posted = await fetch(`${server.url}/connect?no-such-name`, { method: "POST" });
    const { detail } = (await posted.json()) as { detail: string };
    const known = /; there are (.+)\.$/.exec(detail)?.[1]?.split(", ");
    expect(sorted(names("/connect", "post"))).toEqual(sorted(known ?? []));
  });
});

/** A route's pattern as a path template. */
function asTemplate(pattern: string): string {
  return pattern
    .replace("/artifacts/:id", "/artifacts/{artifact}")
    .replace(/^\/(channels|presence)\/\*/, "/$1/{channel}")
    .replace("/commands/*", "/commands/{command}")
    .replace("/assets/*", "/assets/{asset}")
    .replace(":id", "{connection}");
}
