import { describe, expect, test } from "vitest";
import type { Kind } from "../../shared/manifest.ts";
import { faultsByField } from "../../web/src/logic/parameter-input.ts";
import { bodyOf, draftOf, faultsOf, fieldsOf } from "../../web/src/pages/list/new-run-draft.ts";

const KIND: Kind = {
  name: "text-game",
  title: "Text game agent",
  description: "",
  parameters: {
    seed: { type: "integer", default: 1, min: 0, max: 10, live: false },
    epsilon: { type: "number", default: 0.1, live: true },
    greedy: { type: "boolean", default: true, live: false },
    world: { type: "choice", default: "small", choices: ["small", "large"], live: false },
    note: { type: "string", default: "", live: false },
  },
  limits: { timeoutMs: 90_000, maxMemoryBytes: 536_870_912, maxLogBytes: 1_024 },
  rules: [],
  debug: true,
};

describe("the dialog for a new run", () => {
  test("begins with the manifest's defaults, and sends them as they are", () => {
    const draft = draftOf(KIND);
    expect(draft).toMatchObject({ timeoutSeconds: "90", maxMemoryMiB: "512", priority: "0" });
    expect(bodyOf(KIND, draft)).toEqual({
      kind: "text-game",
      parameters: { seed: 1, epsilon: 0.1, greedy: true, world: "small", note: "" },
      priority: 0,
      limits: { timeoutMs: 90_000, maxMemoryBytes: 536_870_912 },
    });
    expect(faultsOf(KIND, draft)).toEqual({});
  });

  test("sends what cannot be read as it was typed, and never a number that nobody typed", () => {
    const draft = {
      ...draftOf(KIND),
      priority: "",
      parameters: { ...draftOf(KIND).parameters, seed: "", epsilon: "much" },
    };
    expect(bodyOf(KIND, draft)).toMatchObject({ priority: "", parameters: { seed: "", epsilon: "much" } });
    expect(faultsOf(KIND, draft)).toEqual({
      "parameters.seed": "must be a whole number",
      "parameters.epsilon": "must be a number",
    });
  });

  test("shows the server's faults at their fields, and the others by their path", () => {
    const errors = [
      { path: "parameters.seed", message: "must be at most 10" },
      { path: "parameters.seed", message: "a second one" },
      { path: "kind", message: "is not known" },
      { path: "", message: "something else" },
    ];
    expect(faultsByField(errors, fieldsOf(KIND))).toEqual({
      "parameters.seed": "must be at most 10",
      "": "kind: is not known; something else",
    });
  });
});
