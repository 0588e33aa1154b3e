import { describe, expect, test } from "vitest";
import { tidings } from "../support/tidings.ts";
import { ended, LabUnderTest } from "./support/lab.ts";

const RUN = { rate: 20, readers: 1, transports: ["sse"] };

describe("the lab's processes", () => {
  test("one that crashes is told, and takes neither the lab nor the next run with it", async () => {
    await using lab = await LabUnderTest.start();
    await lab.command("lab.start", RUN);
    expect(await lab.command("lab.start", RUN)).toMatchObject({ code: "LAB_RUNNING" });
    const { processes } = await lab.until((results) => results.processes.load !== null);
    process.kill(processes.load?.pid ?? 0, "SIGKILL");
    const { run } = await lab.until((results) => results.run?.phase === "failed");
    expect(run?.reason).toBe("the process of the readers ended (SIGKILL).");

    process.kill(processes.paths?.pid ?? 0, "SIGKILL");
    const { notes } = await lab.until((results) => results.notes.length === 1);
    expect(notes[0]?.text).toContain("the fault proxy ended by itself (SIGKILL)");

    const { results } = await lab.command("lab.state");
    process.kill(results.target.pid ?? 0, "SIGKILL");
    const gone = await lab.until(({ target }) => target.state === "ended");
    expect(gone.notes.at(-1)?.text).toContain("ended by itself (SIGKILL)");
    expect(gone.faults).toMatchObject([{ kind: "kill" }]);

    // It lifts what is left: the server is started again, and its readers are live.
    expect((await lab.command("lab.start", RUN)).results.run?.phase).toBe("opening");
    await lab.until((results) => results.run?.phase === "running");
    const stopped = await lab.command("lab.stop");
    expect(stopped.results).toMatchObject({
      run: { phase: "done" },
      transports: { sse: { lost: 0, behind: 0 } },
    });
    // What does not count is a second at 100 messages a second, as in the benchmarks, whatever rate is asked for.
    const { run: over, transports } = stopped.results;
    expect((over?.published ?? 0) - (transports.sse?.received ?? 0)).toBeGreaterThan(2 * RUN.rate);
  });

  test("end with it: on Ctrl+C, with the temporary folder", async () => {
    await using lab = await LabUnderTest.start();
    await lab.command("lab.start", RUN);
    await lab.until(({ processes }) => processes.load !== null);
    const pids = await lab.pids();
    lab.running.process.kill("SIGINT");
    expect(await lab.running.ended).toMatchObject({ code: 0, stderr: "" });
    await ended(pids);
    expect(await lab.leftovers()).toEqual([]);
  });

  test("end with it: at once on the second Ctrl+C, with the temporary folder", async () => {
    await using lab = await LabUnderTest.start();
    const pids = await lab.pids();
    lab.running.process.kill("SIGINT");
    lab.running.process.kill("SIGTERM"); // two of one kind can come as one
    await lab.running.ended;
    await ended(pids);
    expect(await lab.leftovers()).toEqual([]);
  });

  test("end with it: on kill -9, with the temporary folder", async () => {
    await using lab = await LabUnderTest.start();
    await lab.command("lab.start", RUN);
    await lab.until(({ processes }) => processes.load !== null);
    expect(await lab.leftovers()).toHaveLength(1);
    const pids = await lab.pids();
    expect(pids).toHaveLength(3);
    lab.running.process.kill("SIGKILL");
    await ended(pids);
    expect(await lab.leftovers()).toEqual([]);
  });

  test("a port that is none is refused, with the usage", async () => {
    const { code, stderr } = await tidings(["lab", "--port", "eighty"]);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("0 to 65535") as string,
    });
  });
});
