import { describe, expect, test } from "vitest";
import { type FetchedLines, LogFetcher, MAX_FETCHES } from "../../web/src/logic/log-fetcher.ts";
import { LogStore } from "../../web/src/logic/log-store.ts";

interface Asked {
  readonly from: number;
  readonly count: number;
  answer(fetched?: Partial<FetchedLines>): Promise<void>;
  fail(message: string): Promise<void>;
}

function setUp(total: number) {
  const store = new LogStore();
  store.announce(total);
  const asked: Asked[] = [];
  let changes = 0;
  let told: () => void = () => undefined;
  const fetcher = new LogFetcher({
    store,
    onChange: () => {
      changes++;
      told();
    },
    fetchLines: async (from, count) => {
      const { promise, resolve, reject } = Promise.withResolvers<FetchedLines>();
      const settle = async (act: () => void): Promise<void> => {
        const changed = new Promise<void>((done) => (told = done));
        act();
        await changed;
      };
      const lines = Array.from({ length: count }, (_, at) => `line ${from + at}`);
      asked.push({
        from,
        count,
        answer: async (fetched) => settle(() => resolve({ from, lines, total, ...fetched })),
        fail: async (message) => settle(() => reject(new Error(message))),
      });
      return promise;
    },
  });
  return { store, fetcher, asked, changes: () => changes };
}

describe("fetching lines that are looked at", () => {
  test("asks for each block once, however often it is looked at meanwhile", async () => {
    const { store, fetcher, asked, changes } = setUp(400);
    fetcher.want(10, 40);
    fetcher.want(12, 42);
    expect(asked.map(({ from, count }) => [from, count])).toEqual([[1, 400]]);
    await asked[0]?.answer();
    expect(store.line(400)).toBe("line 400");
    fetcher.want(12, 42);
    expect(asked).toHaveLength(1);
    expect(changes()).toBe(1);
  });

  test(`has ${MAX_FETCHES} requests under way, and goes on with what is looked at by then`, async () => {
    const { fetcher, asked } = setUp(10_000);
    fetcher.want(1, 2_000);
    expect(asked.map(({ from }) => from)).toEqual([1, 501]);
    fetcher.want(9_001, 9_100);
    expect(asked).toHaveLength(MAX_FETCHES);
    await asked[0]?.answer();
    expect(asked.map(({ from }) => from)).toEqual([1, 501, 9_001]);
  });

  test("tells why a line is not here, and asks for it again only when it is told to", async () => {
    const { fetcher, asked } = setUp(100);
    fetcher.want(1, 50);
    await asked[0]?.fail("The server cannot be reached.");
    fetcher.want(1, 50);
    expect(asked).toHaveLength(1);
    expect(fetcher.faultAt(7)).toBe("The server cannot be reached.");
    fetcher.retry();
    expect(asked).toHaveLength(2);
    expect(fetcher.hasFaults).toBe(false);
  });

  test("does not ask without end for a line that the file does not have", async () => {
    const { fetcher, asked } = setUp(100);
    fetcher.want(1, 50);
    await asked[0]?.answer({ lines: [], total: 0 });
    fetcher.want(1, 50);
    expect(asked).toHaveLength(1);
    expect(fetcher.faultAt(1)).toBe("the log file has 0 lines");
  });
});
