// What the compiler lets pass, and what it does not: checked with the other tests' types, and run as far as it can be.
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { connect, type TidingsError } from "../src/index.ts";
import { connect as connectSse } from "../src/sse.ts";
import type {
  CaughtUp,
  Channel,
  CommandsOf,
  Gap,
  Member,
  Message,
  Options,
  Published,
  Schema,
  State,
  Tidings,
} from "../src/types.ts";
import { openServer, type TestServer } from "./support/server.ts";

// Opens nothing: nothing is read.
const tidings = connect("http://127.0.0.1:1");

/** Never called: what is in it is for the compiler alone. */
function compiled(_code: () => unknown): void {}

interface RunEvents {
  readonly status: { readonly state: "running" | "done" };
  readonly log: string;
}
interface RunCommands {
  readonly "runs.stop": {
    readonly input: { readonly id: number };
    readonly output: { readonly stopped: number };
  };
  readonly "runs.count": { readonly input: undefined; readonly output: number };
}

describe("events that a type names", () => {
  const run = tidings.channel<RunEvents>("runs/1");

  test("are the names that can be listened for and published, each with its payload", () => {
    compiled(() => {
      run.on("status", (data, message) => {
        expectTypeOf(data).toEqualTypeOf<{ readonly state: "running" | "done" }>();
        expectTypeOf(message).toEqualTypeOf<Message<RunEvents["status"], "status">>();
      });
      expectTypeOf(run.publish("log", "a line")).resolves.toEqualTypeOf<Published>();
      // @ts-expect-error there is no such event
      run.on("statsu", () => undefined);
      // @ts-expect-error nor can it be published
      void run.publish("statsu", { state: "done" });
      // @ts-expect-error a payload of another event
      void run.publish("log", { state: "done" });
      // @ts-expect-error a payload that the event does not have
      void run.publish("status", { state: "sideways" });
    });
  });

  test("make messages a union that is told apart by event", () => {
    compiled(async () => {
      for await (const message of run.messages({ since: "earliest" })) {
        expectTypeOf(message.event).toEqualTypeOf<"status" | "log">();
        if (message.event === "log") expectTypeOf(message.data).toEqualTypeOf<string>();
        else expectTypeOf(message.data.state).toEqualTypeOf<"running" | "done">();
        // @ts-expect-error of which of them is not known here
        void message.data.state;
      }
      for await (const item of run.items()) {
        if (item.type === "gap") expectTypeOf(item).toEqualTypeOf<Gap>();
        else if (item.type === "caught-up") expectTypeOf(item).toEqualTypeOf<CaughtUp>();
        else expectTypeOf(item.event).toEqualTypeOf<"status" | "log">();
        // @ts-expect-error a gap has no data
        void item.data;
      }
    });
  });

  test("leave what the client itself tells as it is", () => {
    compiled(() => {
      run.on("gap", (gap) => expectTypeOf(gap).toEqualTypeOf<Gap>());
      run.on("caught-up", (caughtUp) => expectTypeOf(caughtUp).toEqualTypeOf<CaughtUp>());
      run.on("error", (error) => expectTypeOf(error).toEqualTypeOf<TidingsError>());
      run.on("*", (data, message) => {
        expectTypeOf(data).toEqualTypeOf<RunEvents["status"] | string>();
        expectTypeOf(message.event).toEqualTypeOf<"status" | "log">();
      });
      run.presence.on("join", (member) => expectTypeOf(member).toEqualTypeOf<Member>());
    });
  });
});

describe("a channel without types", () => {
  test("has payloads that are unknown, and gaps that are gaps", () => {
    const channel = tidings.channel("a");
    expectTypeOf(channel).toEqualTypeOf<Channel>();
    compiled(() => {
      channel.on("whatever", (data) => expectTypeOf(data).toEqualTypeOf<unknown>());
      channel.on("gap", (gap) => expectTypeOf(gap).toEqualTypeOf<Gap>());
      channel.on("error", (error) => expectTypeOf(error).toEqualTypeOf<TidingsError>());
      void channel.publish("whatever", { any: 1 }, { key: "k" });
      // @ts-expect-error there is no such option
      void channel.publish("whatever", 1, { kye: "k" });
    });
  });
});

describe("a schema", () => {
  const schema = {
    status: z.object({ state: z.enum(["running", "done"]) }),
    note: z.object({ text: z.string() }),
  };

  test("of zod types each event, and refuses what the types let pass", async () => {
    const run = tidings.channel("runs/1", { schema });
    expectTypeOf(run).toEqualTypeOf<
      Channel<{ readonly status: { state: "running" | "done" }; readonly note: { text: string } }>
    >();
    compiled(() => {
      run.on("note", ({ text }) => expectTypeOf(text).toEqualTypeOf<string>());
      // @ts-expect-error not what the schema says
      void run.publish("note", { txt: "a" });
    });
    const wrong = JSON.parse('{"txt":"a"}') as { text: string };
    await expect(run.publish("note", wrong)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      data: { issues: [{ path: ["text"] }] },
    });
  });

  test("for all events types every payload", () => {
    const run = tidings.channel("runs/1", { schema: z.object({ step: z.number() }) });
    compiled(() => {
      run.on("anything", ({ step }) => expectTypeOf(step).toEqualTypeOf<number>());
      // @ts-expect-error not what the schema says
      void run.publish("anything", { step: "one" });
    });
  });

  test("of any library that follows Standard Schema will do, with a promise too", async () => {
    const isNumber = (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "not a number" }] };
    const plain: Schema<number> = { "~standard": { version: 1, vendor: "own", validate: isNumber } };
    const slow: Schema<number> = {
      "~standard": { version: 1, vendor: "own", validate: async (value) => isNumber(value) },
    };
    const channel = tidings.channel("a", { schema: { plain, slow } });
    compiled(() => channel.on("slow", (data) => expectTypeOf(data).toEqualTypeOf<number>()));
    for (const event of ["plain", "slow"] as const) {
      await expect(channel.publish(event, JSON.parse('"1"') as number)).rejects.toMatchObject({
        code: "PAYLOAD_INVALID",
        data: { issues: [{ message: "not a number" }] },
      });
    }
    // @ts-expect-error no schema
    compiled(() => tidings.channel("a", { schema: { plain: isNumber } }));
  });
});

describe("commands that a type names", () => {
  const client = connect<RunCommands>("http://127.0.0.1:1");

  test("have their names, inputs and answers, over each entry", () => {
    expectTypeOf(connectSse<RunCommands>).returns.toEqualTypeOf<Tidings<RunCommands>>();
    compiled(() => {
      expectTypeOf(client.command("runs.stop", { id: 1 })).resolves.toEqualTypeOf<{
        readonly stopped: number;
      }>();
      expectTypeOf(client.command("runs.count")).resolves.toEqualTypeOf<number>();
      void client.command("runs.count", undefined, { timeoutMs: 1_000 });
      // @ts-expect-error there is no such command
      void client.command("runs.strop", { id: 1 });
      // @ts-expect-error another input
      void client.command("runs.stop", { id: "1" });
      // @ts-expect-error no input
      void client.command("runs.stop");
      // @ts-expect-error it takes none
      void client.command("runs.count", { id: 1 });
    });
  });

  test("can be called by a function to which the name is a parameter", () => {
    compiled(() => {
      const ask = async <Name extends keyof RunCommands>(
        name: Name,
        input: RunCommands[Name]["input"],
      ): Promise<RunCommands[Name]["output"]> => client.command(name, input, { timeoutMs: 1_000 });
      expectTypeOf(ask("runs.stop", { id: 1 })).resolves.toEqualTypeOf<{ readonly stopped: number }>();
      // @ts-expect-error the input of another command
      void ask("runs.count", { id: 1 });
    });
  });

  test("are not asked for: without, anything goes in and out", () => {
    compiled(() => expectTypeOf(tidings.command("any", 1)).resolves.toEqualTypeOf<unknown>());
    // @ts-expect-error no commands
    compiled(() => connect<{ stop: number }>("http://127.0.0.1:1"));
  });
});

describe("commands that server and client define once", () => {
  const commands = {
    "runs.stop": {
      input: z.object({ id: z.coerce.number<string>(), why: z.string().default("none") }),
      output: z.object({ stopped: z.number() }),
    },
    "runs.list": { output: z.array(z.string()) },
  };

  test("are checked by the server and typed for both", async () => {
    await using server = await openServer();
    server.tidings.command("runs.stop", {
      ...commands["runs.stop"],
      handler: ({ id, why }) => {
        expectTypeOf(id).toEqualTypeOf<number>();
        return { stopped: why === "none" ? id : 0 };
      },
    });
    server.tidings.command("runs.list", { ...commands["runs.list"], handler: () => ["a"] });
    const client = connect<CommandsOf<typeof commands>>(server.url);
    const answer = await client.command("runs.stop", { id: "7" });
    expectTypeOf(answer).toEqualTypeOf<{ stopped: number }>();
    expect(answer).toEqual({ stopped: 7 });
    const list = await client.command("runs.list");
    expectTypeOf(list).toEqualTypeOf<string[]>();
    expect(list).toEqual(["a"]);
    compiled(() => {
      // @ts-expect-error the schema takes text
      void client.command("runs.stop", { id: 7 });
      // @ts-expect-error there is no such command
      void client.command("runs.strop", { id: "7" });
    });
    client.close();
  });

  test("may be what the server's library is given: without an output, the handler's answer is it", () => {
    const { tidings: server } = {} as TestServer;
    const defined = {
      "runs.count": { handler: async () => ({ count: 1 }) },
      "runs.drop": { input: z.object({ id: z.number() }), handler: ({ id }: { id: number }) => id > 0 },
      "runs.any": {},
    };
    compiled(() => server.command("runs.drop", defined["runs.drop"]));
    expectTypeOf<CommandsOf<typeof defined>>().toEqualTypeOf<{
      readonly "runs.count": { readonly input: unknown; readonly output: { count: number } };
      readonly "runs.drop": { readonly input: { id: number }; readonly output: boolean };
      readonly "runs.any": { readonly input: unknown; readonly output: unknown };
    }>();
  });
});

test("options are checked by name and by value", () => {
  expectTypeOf<Options["transport"]>().toEqualTypeOf<
    "auto" | "sse" | "ws" | "ndjson" | "long-poll" | "poll" | "event-source" | undefined
  >();
  // @ts-expect-error there is no such transport; and at run time it is told, too
  expect(() => connect("http://127.0.0.1:1", { transport: "carrier-pigeon" })).toThrow(TypeError);
  // @ts-expect-error a time is a number
  expect(() => connect("http://127.0.0.1:1", { tuning: { pollMs: "2s" } })).toThrow(RangeError);
  // @ts-expect-error one that reads by SSE alone has nothing to pin
  compiled(() => connectSse("http://127.0.0.1:1", { transport: "ws" }));
  expect(() => connect("ftp://127.0.0.1:1")).toThrow(TypeError);
});

test("the state is a union that is told apart by name", () => {
  const tell = (state: State): string => {
    switch (state.name) {
      case "idle":
        return "idle";
      case "connecting":
        return `${state.transport}, attempt ${state.attempt}`;
      case "live":
        return `${state.transport}${state.isShared ? ", shared" : ""}`;
      case "waiting":
        return `${state.reason.code} until ${state.retryAtMs}`;
      case "offline":
        return state.reason.code;
      case "closed":
        // @ts-expect-error there may be none
        void state.reason.code;
        return state.reason?.code ?? "closed";
    }
  };
  expect(tell(tidings.state)).toBe("idle");
});
