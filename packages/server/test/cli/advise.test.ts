import { advise, type Advice, USE_CASES } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { hasTerminal, Terminal } from "./support/terminal.ts";
import { tidings } from "./support/tidings.ts";

async function adviceFor(...flags: readonly string[]): Promise<Advice> {
  const { code, stdout, stderr } = await tidings(["advise", "--json", ...flags]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Advice;
}

describe("tidings advise", () => {
  test("reads each need from its flag, and prints the advice as one object", async () => {
    const advice = await adviceFor(
      ...["--direction", "both", "--rate", "20/s", "--send-rate", "3/m", "--interactivity", "conversation"],
      ...["--latency", "50ms", "--client", "browser", "--readers", "10000", "--http", "2", "--streams", "3"],
      ...["--proxy", "buffering", "--proxy", "no-udp", "--idle-timeout", "30s", "--size", "2KiB"],
      ...["--binary", "--history", "no", "--field-selection", "yes", "--media", "no"],
    );
    expect(advice).toEqual(
      advise({
        ...{ direction: "both", receivedPerSecond: 20, sentPerSecond: 0.05, interactivity: "conversation" },
        ...{ latencyMs: 50, client: "browser", readers: 10_000, http: "2", streams: 3 },
        ...{ proxies: ["buffering", "no-udp"], idleTimeoutMs: 30_000, messageBytes: 2_048 },
        ...{ binary: true, history: false, fieldSelection: true, media: false },
      }),
    );
  });

  test("takes a use case by name, and changes it by flags", async () => {
    const evaluations = USE_CASES.find(({ name }) => name === "evaluations");
    expect(await adviceFor("--use-case", "evaluations")).toEqual(advise(evaluations?.needs));
    expect((await adviceFor("--use-case", "evaluations", "--proxy", "buffering")).choice?.transport).toBe(
      "ws",
    );
    // What makes no sense beside a flag goes with it.
    expect((await adviceFor("--use-case", "chat", "--direction", "server-to-client")).needs).toMatchObject({
      ...{ sentPerSecond: 0, receivedPerSecond: 5 },
    });
  });

  test("tells a person the choice, the reasons, the fallback, the settings and what would change it", async () => {
    const { stdout } = await tidings(["advise", "--direction", "both", "--idle-timeout", "10s"]);
    const parts = [
      "Use Server-Sent Events (sse)\n  +50  Made for updates",
      "(updates)\n\nWhere that does not come through: WebSocket (ws).",
      "What a client sends: HTTP requests (http).",
      "  server: limits.heartbeatMs = 5000.",
      "  messages from a client above 1 a minute: WebSocket (ws)\n",
      "TRANSPORT  SCORE  AGAINST IT\nsse           50\n",
      "webrtc        no  Not in this version.",
    ];
    for (const part of parts) expect(stdout).toContain(part);
  });

  test("says of what is not in this version that it is not", async () => {
    const { stdout } = await tidings(["advise", "--use-case", "video-call"]);
    expect(stdout).toMatch(
      /^Nothing in this version does it\.\n\nBetter, and not in this version: WebRTC \(webrtc\)\n/,
    );
  });

  test.each([
    [["--direction", "up"], "server-to-client or both or client-to-server or peer-to-peer"],
    [["--rate", "5/x"], "such as 5/s, 3/m or 10/h, from none to 1,000,000 a second"],
    [["--rate", "1000001"], "from none to 1,000,000 a second"],
    [["--readers", "0"], "from 1 to 10,000,000"],
    [["--latency", "soon"], "from 1 ms to 24 h"],
    [["--proxy", "squid"], "buffering, no-upgrade, no-udp"],
    [["--binary=perhaps"], "yes or no"],
    [["--use-case", "radio"], "Allowed choices are evaluations"],
    [["--send-rate", "5/s"], '--send-rate: sentPerSecond says something only where direction is "both"'],
    [["--direction", "server-to-client", "--interactivity", "conversation"], "--interactivity: "],
    [[], "give flags, or --use-case"],
  ])("%j is refused with exit code 2, and with what is allowed", async (flags, reason) => {
    const { code, stdout, stderr } = await tidings(["advise", ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(reason);
  });
});

describe.skipIf(!hasTerminal && process.env["REQUIRE_ALL"] !== "1")(
  "tidings advise, with a terminal and nothing given",
  () => {
    async function answer(...answers: readonly string[]): Promise<{ code: number; output: string }> {
      await using terminal = new Terminal("advise");
      for (const text of answers) await terminal.type(`${text}\r`);
      return { code: await terminal.ended, output: terminal.output };
    }

    test("asks what it has to know; Enter takes the default, and a number stands for an option", async () => {
      // Both ways, 20 a second, 3 a minute; then interactivity, latency, client, readers and proxies as by default.
      const { code, output } = await answer("2", "20/s", "3/m", "", "", "", "", "");
      expect(code).toBe(0);
      expect(output).toContain("Which way do messages go?");
      expect(output).toContain("Use WebSocket (ws)");
    });

    test("asks nothing that makes no sense, and once more where an answer is none", async () => {
      const { code, output } = await answer("", "often", "20/s", "3", "", "", "", "", "1,2");
      expect(code).toBe(0);
      expect(output).not.toContain("How many does one client send?");
      expect(output).not.toContain("for an answer to each thing they do");
      expect(output).toContain("It must be such as 5/s, 3/m or 10/h, from none to 1,000,000 a second.");
      expect(output).toContain("It must be none or one-result, or their numbers.");
      expect(output).toContain("Use long polls (long-poll)");
    });

    test.each([
      ["Ctrl+C", "\u0003"],
      ["Ctrl+D", "\u0004"],
    ])("%s gives the questions up, with exit code 130", async (_, key) => {
      await using terminal = new Terminal("advise");
      await terminal.type("2\r");
      await terminal.type(key);
      expect(await terminal.ended).toBe(130);
      expect(terminal.output).toContain("the questions were given up");
    });
  },
);
