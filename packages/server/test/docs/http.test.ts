import { expect, test } from "vitest";
import { readDoc, tableOf, sorted } from "@tidings/testing/docs";
import { api, operationsOf } from "./support/openapi.ts";

test("docs/reference/http.md has the URLs and methods that the OpenAPI document has", () => {
  const documented = tableOf(readDoc("docs/reference/http.md")).flatMap(([path, methods = ""]) =>
    [...methods.matchAll(/[A-Z]+/g)].map(([method]) => `${method} ${path}`),
  );
  expect(sorted(documented)).toEqual(
    sorted(operationsOf(api).map(({ method, path }) => `${method} ${path}`)),
  );
});
