import { describe, expect, test } from "vitest";
import { createKeeper as createKept } from "../src/core/stores.ts";
import type { TidingsError } from "../src/errors.ts";
import type { CursorStore } from "../src/types.ts";

/** One reader a channel, as it is mostly. */
function createKeeper(
  store: CursorStore,
  prefix: string,
  report: (error: TidingsError) => void,
): {
  load(channel: string): Promise<string | undefined>;
  save(channel: string, cursor: string): void;
} {
  const keptOf = createKept(store, prefix, report);
  const all = new Map<string, ReturnType<typeof keptOf>>();
  const kept = (channel: string): ReturnType<typeof keptOf> => {
    const one = all.get(channel) ?? keptOf(channel);
    all.set(channel, one);
    return one;
  };
  return {
    load: (channel) => kept(channel).load(),
    save: (channel, cursor) => kept(channel).took(cursor),
  };
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store in memory that keeps what was written to it, in order. */
function memory(
  fail: () => void = () => undefined,
): CursorStore & { readonly writes: string[]; readonly all: Map<string, string> } {
  const all = new Map<string, string>();
  const writes: string[] = [];
  return {
    all,
    writes,
    getItem: (key) => all.get(key) ?? null,
    setItem(key, value) {
      writes.push(`${key}=${value}`);
      fail();
      all.set(key, value);
    },
  };
}

/** A store that answers when the test says so. */
function slow(): CursorStore & {
  readonly open: {
    readonly key: string;
    readonly value: string;
    resolve(): void;
    reject(error: Error): void;
  }[];
} {
  const open: { key: string; value: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    open,
    getItem: async () => "e.1",
    setItem: (key, value) =>
      new Promise<void>((resolve, reject) => open.push({ key, value, resolve, reject })),
  };
}

describe("cursors", () => {
  test("are found where they were kept, whether the store answers at once or later", async () => {
    const store = memory();
    const keeper = createKeeper(store, "p:", () => undefined);
    expect(await keeper.load("a")).toBeUndefined();
    keeper.save("a", "e.1");
    await turn();
    expect(store.writes).toEqual(["p:a=e.1"]);
    expect(await keeper.load("a")).toBe("e.1");
    expect(await createKeeper(slow(), "p:", () => undefined).load("a")).toBe("e.1");
  });

  test("that somebody else wrote over are none", async () => {
    const store = memory();
    const keeper = createKeeper(store, "", () => undefined);
    for (const [text, found] of [
      ["{}", undefined],
      ["", undefined],
      ["null", undefined],
      ["latest", undefined],
      ["k3x9.42", "k3x9.42"],
      ["k3x9.42~97", "k3x9.42~97"],
    ] as const) {
      store.all.set("a", text);
      expect(await keeper.load("a")).toBe(found);
    }
  });

  test("of one turn are one write each, of the newest", async () => {
    const store = memory();
    const keeper = createKeeper(store, "", () => undefined);
    for (let n = 1; n <= 1_000; n++) keeper.save("a", `e.${n}`);
    keeper.save("b", "e.1");
    await turn();
    expect(store.writes).toEqual(["a=e.1000", "b=e.1"]);
  });

  test("are never written twice at the same time by a store that answers later, and the newest is last", async () => {
    const store = slow();
    const keeper = createKeeper(store, "", () => undefined);
    keeper.save("a", "e.1");
    await turn();
    keeper.save("a", "e.2");
    keeper.save("a", "e.3");
    keeper.save("b", "e.1");
    await turn();
    expect(store.open.map(({ key, value }) => key + value)).toEqual(["ae.1", "be.1"]);
    store.open[0]?.resolve();
    await turn();
    expect(store.open.map(({ key, value }) => key + value)).toEqual(["ae.1", "be.1", "ae.3"]);
  });
});

describe("a store that fails", () => {
  test("is reported once, and reading goes on; what was not written is, with the next", async () => {
    const reported: TidingsError[] = [];
    let isFull = true;
    const store = memory(() => {
      if (isFull) throw new DOMException("full", "QuotaExceededError");
    });
    const keeper = createKeeper(store, "", (error) => reported.push(error));
    keeper.save("a", "e.1");
    await turn();
    keeper.save("a", "e.2");
    keeper.save("b", "e.1");
    await turn();
    expect(reported).toMatchObject([{ code: "STORE_FAILED", cause: { name: "QuotaExceededError" } }]);
    isFull = false;
    keeper.save("b", "e.2");
    await turn();
    expect(Object.fromEntries(store.all)).toEqual({ a: "e.2", b: "e.2" });
    isFull = true;
    keeper.save("a", "e.3");
    await turn();
    expect(reported).toHaveLength(2);
  });

  test("is not asked again and again by itself", async () => {
    const store = memory(() => {
      throw new Error("no");
    });
    const keeper = createKeeper(store, "", () => undefined);
    keeper.save("a", "e.1");
    for (let times = 0; times < 10; times++) await turn();
    expect(store.writes).toHaveLength(1);
  });

  test("later, while a newer one waits, is tried with that at once", async () => {
    const store = slow();
    const keeper = createKeeper(store, "", () => undefined);
    keeper.save("a", "e.1");
    await turn();
    keeper.save("a", "e.2");
    store.open[0]?.reject(new Error("no"));
    await turn();
    expect(store.open.map(({ value }) => value)).toEqual(["e.1", "e.2"]);
    store.open[1]?.reject(new Error("no"));
    for (let times = 0; times < 10; times++) await turn();
    expect(store.open).toHaveLength(2);
  });

  test("as it is read is reported, and nothing was kept", async () => {
    const reported: TidingsError[] = [];
    const report = (error: TidingsError): void => void reported.push(error);
    const throws: CursorStore = {
      getItem() {
        throw new DOMException("denied", "SecurityError");
      },
      setItem: () => undefined,
    };
    expect(await createKeeper(throws, "", report).load("a")).toBeUndefined();
    const rejects: CursorStore = { getItem: () => Promise.reject(new Error("no")), setItem: () => undefined };
    expect(await createKeeper(rejects, "", report).load("a")).toBeUndefined();
    expect(reported.map(({ code }) => code)).toEqual(["STORE_FAILED", "STORE_FAILED"]);
  });
});
