import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "scripts/test/**/*.test.mjs"],
    environment: "node",
    // A process per file: a test that crashes or leaks takes nobody else with it, and signals are its own.
    pool: "forks",
    // More files than cores: most tests wait for something.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Node.js 22.13 takes the types off a thread's file, which no test tool compiles, only when it is asked to.
    execArgv: process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What is waited for takes as long as the machine lets it.
    expect: { poll: { timeout: 20_000 } },
    coverage: { provider: "v8", include: ["packages/*/src/**"] },
  },
  // Node.js 22 does not know `await using`, which the tests may use: it is compiled for them.
  oxc: { target: "es2024" },
});
