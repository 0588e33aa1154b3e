import { ERRORS } from "@tidings/protocol";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { goneProblem } from "../../src/http/openapi/examples.ts";
import { blocksOf, readDoc, tableOf, sorted } from "@tidings/testing/docs";
import { api } from "./support/openapi.ts";

const document = readDoc("docs/reference/errors.md");
const rows = tableOf(document);

test("docs/reference/errors.md has the codes that the code has, each once, with status, close code and whether to retry", () => {
  const documented = rows.map(([code, status, close, retryable]) => [
    code,
    Number(status),
    Number(close),
    retryable,
  ]);
  const codes = Object.entries(ERRORS).map(([code, fault]) => [
    code,
    fault.status,
    fault.closeCode,
    fault.retryable ? "yes" : "no",
  ]);
  expect(sorted(documented)).toEqual(sorted(codes));
});

test("every fault of this version says what happened and, where something can be done, what", () => {
  for (const [code, , , , happened] of rows) expect(happened, code).not.toBe("");
});

test("the problem shown is one that the server sends, and fits its schema", () => {
  const [block] = blocksOf(document);
  const problem = JSON.parse(block?.text ?? "") as unknown;
  expect(problem).toEqual(goneProblem); // which openapi-examples.test.ts compares with a running server's
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(api, "api");
  expect(ajv.validate({ $ref: "api#/components/schemas/Problem" }, problem)).toBe(true);
});
