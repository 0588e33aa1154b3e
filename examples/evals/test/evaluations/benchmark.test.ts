import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { matrix, multiply } from "../../evaluations/benchmark/matrix.ts";
import { encodePng } from "../../evaluations/benchmark/png.ts";
import { Host, shipped } from "./host.ts";

const program = shipped("benchmark");
const FAST = { paceMs: 0, steps: 100, checkpoints: 1 };
const SLOW = { paceMs: 10_000, steps: 10_000_000, evaluateEvery: 1 };

interface Report {
  readonly validation: { readonly loss: number; readonly accuracy: number };
}

describe("the benchmark", () => {
  test("it learns to tell the spirals apart, and measures, and keeps weights and maps on the way", async () => {
    await using host = await Host.start(program, { paceMs: 0, steps: 3000, checkpoints: 2 });
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect((host.result as Report).validation.accuracy).toBeGreaterThan(0.95);
    const losses = host.all("metric").filter(({ name }) => name === "validation loss");
    expect(losses.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, n) => (n + 1) * 50));
    const artifacts = [1500, 3000].flatMap((step) => [`weights-${step}.bin`, `map-${step}.png`]);
    expect(host.all("artifact").map(({ name }) => name)).toEqual([...artifacts, "report.json"]);
    expect(await host.artifact("weights-3000.bin")).toHaveLength(697 * 8);
    expect((await host.artifact("map-3000.png")).length).toBeLessThan(32_768);
    expect(JSON.parse(String(await host.artifact("report.json")))).toEqual(host.result);
  });

  test("the same seed gives the same weights to the last bit; another seed others", async () => {
    const weights = async (seed: number): Promise<string> => {
      await using host = await Host.start(program, { ...FAST, seed });
      expect(await host.exited).toEqual({ code: 0, signal: null });
      return (await host.artifact("weights-100.bin")).toString("hex");
    };
    const [one, again, other] = await Promise.all([weights(5), weights(5), weights(6)]);
    expect(again).toBe(one);
    expect(other).not.toBe(one);
  });

  test("it is paused between two steps, shows its layers, and takes another learning rate", async () => {
    await using host = await Host.start(program, SLOW);
    await host.event("metric");
    const pause = await host.command({ type: "pause" });
    const layers = [{ shape: "2×24" }, { shape: "24×24" }, { shape: "24×1" }];
    expect(pause).toMatchObject({ ok: true, data: { state: { learningRate: 0.05, layers } } });
    expect(await host.command({ type: "set", name: "learningRate", value: 0.01 })).toMatchObject({
      data: { name: "learningRate", value: 0.01 },
    });
    expect(await host.command({ type: "set", name: "learningRate", value: 0 })).toMatchObject({ ok: false });
    const step = await host.command({ type: "step", count: 5 });
    expect(step).toMatchObject({ data: { steps: 5, state: { learningRate: 0.01 } } });
    expect(await host.command({ type: "input", text: "hello" })).toMatchObject({
      ok: false,
      error: "this evaluation takes no input",
    });
    await host.command({ type: "resume" });
    host.stop();
    expect(await host.exited).toEqual({ code: null, signal: "SIGTERM" });
  });

  test("a learning rate that is too high diverges: it says so, goes back, and gives up the fifth time", async () => {
    await using host = await Host.start(program, {
      ...FAST,
      learningRate: 90,
      momentum: 0.9,
      evaluateEvery: 20,
    });
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.all("alert").map(({ severity, rule }) => [severity, rule])).toEqual(
      Array.from({ length: 5 }, () => ["critical", "diverged"]),
    );
    expect(host.lines.join("\n")).toContain("set a lower learningRate");
  });

  test("after it diverged it goes on from its best weights, once the learning rate is set back", async () => {
    await using host = await Host.start(program, { ...SLOW, learningRate: 90, evaluateEvery: 20 });
    await host.event("alert");
    await host.command({ type: "set", name: "learningRate", value: 0.05 });
    const { value } = await host.event("metric", ({ name, step }) => name === "loss" && step === 40);
    expect(value).toBeLessThan(1);
  });

  test("as many extra log lines are written as asked for, about 105 bytes each with their times", async () => {
    await using host = await Host.start(program, { ...FAST, logLines: 1003 });
    await host.exited;
    const samples = host.lines.filter((line) => line.startsWith("[debug] sample "));
    expect(samples).toHaveLength(1003);
    expect(samples.map((line) => Number(line.slice(15, 22)))).toEqual(samples.map((_, index) => index + 1));
    const bytes = samples.reduce((sum, line) => sum + line.length, 0) / samples.length;
    // The platform puts the time (25 bytes) in front, the brackets go, and a line feed comes behind.
    expect(Math.round(bytes + 25 - 2 + 1)).toBeGreaterThan(100);
    expect(Math.round(bytes + 25 - 2 + 1)).toBeLessThan(110);
  });
});

test("matrices are multiplied as they are and transposed, and shapes that do not fit are refused", () => {
  const a = matrix(2, 3, (at) => at + 1);
  const b = matrix(3, 2, (at) => at + 1);
  expect([...multiply(a, b).data]).toEqual([22, 28, 49, 64]);
  expect([...multiply(a, a, { b: true }).data]).toEqual([14, 32, 32, 77]);
  expect([...multiply(a, a, { a: true }).data]).toEqual([17, 22, 27, 22, 29, 36, 27, 36, 45]);
  expect(() => multiply(a, a)).toThrow("cannot multiply 2×3 by 2×3");
});

test("a PNG is its signature, header, palette, rows and end, each with its CRC (W3C PNG §5)", () => {
  const png = encodePng(2, Uint8Array.from([0, 1, 1, 0]), [
    [255, 0, 0],
    [0, 0, 255],
  ]);
  expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  expect(png.subarray(8, 33).toString("hex")).toBe("0000000d49484452000000020000000208030000004568fd16");
  expect(png.subarray(-12).toString("hex")).toBe("0000000049454e44ae426082");
  const data = png.indexOf("IDAT") + 4;
  const rows = inflateSync(png.subarray(data, data + png.readUInt32BE(data - 8)));
  expect([...rows]).toEqual([0, 0, 1, 0, 1, 0]);
});
