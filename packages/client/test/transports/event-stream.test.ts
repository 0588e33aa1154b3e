import { SseDecoder } from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLines } from "../../src/core/lines.ts";
import { eventLines } from "../../src/transports/event-lines.ts";

/** What a stream brought, in order. */
type Report =
  | { readonly event: string; readonly data: string; readonly lastEventId: string }
  | { readonly data: string }
  | { readonly retry: number }
  | "comment";

const HEARTBEAT = '{"type":"heartbeat"}';

type Parse = (pieces: readonly Uint8Array[]) => Promise<readonly Report[]>;

/** The client's own parser, as its transport uses it: of events it has the data alone, since that is a frame. */
const client: Parse = async (pieces) => {
  const reports: Report[] = [];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  await readLines(
    body,
    eventLines((data) => reports.push(data === HEARTBEAT ? "comment" : { data })),
  );
  return reports;
};

/** The protocol's, which other programs use. */
const protocol: Parse = async (pieces) => {
  const reports: Report[] = [];
  const decoder = new SseDecoder({
    event: (event) => reports.push(event),
    retry: (retry) => reports.push({ retry }),
    comment: () => reports.push("comment"),
  });
  for (const piece of pieces) decoder.push(piece);
  return Promise.resolve(reports);
};

describe.each([
  ["the client's parser", client],
  ["the protocol's parser", protocol],
])("WHATWG HTML §9.2, one test a rule: %s", (_, parse) => {
  const event = (data: string, name = "message", lastEventId = ""): Report =>
    parse === client ? { data } : { event: name, data, lastEventId };
  const retry = (ms: number): readonly Report[] => (parse === client ? [] : [{ retry: ms }]);

  const read = async (stream: string | Uint8Array): Promise<readonly Report[]> =>
    parse([Buffer.from(stream)]);
  const readInTwo = async (stream: string, cut: number): Promise<readonly Report[]> => {
    const bytes = Buffer.from(stream);
    return parse([bytes.subarray(0, cut), bytes.subarray(cut)]);
  };

  describe("§9.2.5 parsing an event stream", () => {
    test("stream = [ bom ] *event: one byte order mark at the beginning is stripped", async () => {
      expect(await read("\ufeffdata: a\n\n")).toEqual([event("a")]);
    });

    test("a second byte order mark is part of the first field's name", async () => {
      expect(await read("\ufeff\ufeffdata: a\n\n")).toEqual([]);
    });

    test("a byte order mark anywhere else is kept", async () => {
      expect(await read("data: \ufeffa\n\n\ufeffdata: b\n\n")).toEqual([event("\ufeffa")]);
    });

    test("a byte order mark that is cut is a byte order mark", async () => {
      for (const cut of [1, 2, 3]) expect(await readInTwo("\ufeffdata: a\n\n", cut)).toEqual([event("a")]);
    });

    test("end-of-line = lf", async () => {
      expect(await read("data: a\ndata: b\n\n")).toEqual([event("a\nb")]);
    });

    test("end-of-line = cr", async () => {
      expect(await read("data: a\rdata: b\r\r")).toEqual([event("a\nb")]);
    });

    test("end-of-line = cr lf", async () => {
      expect(await read("data: a\r\ndata: b\r\n\r\n")).toEqual([event("a\nb")]);
    });

    test("cr lf is one line end, also where it is cut in two", async () => {
      const stream = "data: a\r\ndata: b\r\n\r\n";
      for (let cut = 0; cut <= stream.length; cut++)
        expect(await readInTwo(stream, cut)).toEqual([event("a\nb")]);
    });

    test("lf cr is two line ends", async () => {
      expect(await read("data: a\n\rdata: b\n\r")).toEqual([event("a"), event("b")]);
    });

    test("cr cr is two line ends, also where it is cut in two", async () => {
      const stream = "data: a\r\rdata: b\r\r\n";
      for (let cut = 0; cut <= stream.length; cut++)
        expect(await readInTwo(stream, cut)).toEqual([event("a"), event("b")]);
    });

    test("any-char: what else Unicode calls a line end is none", async () => {
      const data = "a\u000bb\u000cc\u0085d\u2028e\u2029f";
      expect(await read(`data: ${data}\n\n`)).toEqual([event(data)]);
    });

    test("event streams are UTF-8", async () => {
      expect(await read("data: é€😀\n\n")).toEqual([event("é€😀")]);
    });

    test("a character that is cut between two chunks is one character", async () => {
      const stream = "data: é€😀\n\n";
      for (let cut = 0; cut <= Buffer.byteLength(stream); cut++)
        expect(await readInTwo(stream, cut)).toEqual([event("é€😀")]);
    });

    test("bytes that are no UTF-8 become U+FFFD, and nothing else of the stream is lost", async () => {
      const bytes = [0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0xe2, 0x82, 0x62, 0x0a, 0x0a];
      expect(await read(Uint8Array.from(bytes))).toEqual([event("\ufffd\ufffdb")]);
    });
  });

  describe("§9.2.6 interpreting an event stream", () => {
    test("a line that is empty dispatches the event", async () => {
      expect(await read("data: a\n\ndata: b\n\n")).toEqual([event("a"), event("b")]);
    });

    test("a line that begins with a colon is ignored: it is a comment", async () => {
      expect(await read("data: a\n:\n: data: b\n:data: c\n\n")).toEqual([
        "comment",
        "comment",
        "comment",
        event("a"),
      ]);
    });

    test("the field is what stands before the first colon, the value what stands after it", async () => {
      expect(await read("data: a: b:c\n\n")).toEqual([event("a: b:c")]);
    });

    test("one space at the value's beginning is removed", async () => {
      expect(await read("data: a\n\n")).toEqual([event("a")]);
      expect(await read("data:a\n\n")).toEqual([event("a")]);
    });

    test("a second space is kept", async () => {
      expect(await read("data:  a \n\n")).toEqual([event(" a ")]);
    });

    test("other white space at the value's beginning is kept", async () => {
      expect(await read("data:\ta\n\n")).toEqual([event("\ta")]);
    });

    test("a line without a colon is a field with an empty value", async () => {
      expect(await read("data\n\n")).toEqual([event("")]);
    });

    test("field names are compared as they are: case counts, and so do spaces", async () => {
      expect(await read("Data: a\nDATA: b\n data: c\ndata : d\nEvent: e\nID: 1\n\n")).toEqual([]);
    });

    test("a field of another name is ignored", async () => {
      expect(await read("foo: a\nfoo\ndatax: b\ndata: c\n\n")).toEqual([event("c")]);
    });

    test("data: lines are joined by a line feed, and the last one is removed", async () => {
      expect(await read("data: a\ndata: b\ndata: c\n\n")).toEqual([event("a\nb\nc")]);
    });

    test("data: empty lines count as lines", async () => {
      expect(await read("data\ndata\n\n")).toEqual([event("\n")]);
      expect(await read("data:\ndata: a\ndata:\n\n")).toEqual([event("\na\n")]);
    });

    test("data: an empty value is an event with empty data", async () => {
      expect(await read("data:\n\n")).toEqual([event("")]);
      expect(await read("data: \n\n")).toEqual([event("")]);
    });

    test("event: the value is the event's type", async () => {
      expect(await read("event: add\ndata: a\n\n")).toEqual([event("a", "add")]);
    });

    test("event: of several the last one counts", async () => {
      expect(await read("event: add\nevent: remove\ndata: a\n\n")).toEqual([event("a", "remove")]);
    });

    test("event: an empty type is message", async () => {
      expect(await read("event:\ndata: a\n\nevent: add\nevent\ndata: b\n\n")).toEqual([
        event("a"),
        event("b"),
      ]);
    });

    test("event: the type does not stay for the next event", async () => {
      expect(await read("event: add\ndata: a\n\ndata: b\n\n")).toEqual([event("a", "add"), event("b")]);
    });

    test("id: the value is the last event id of the event", async () => {
      expect(await read("id: 1\ndata: a\n\n")).toEqual([event("a", "message", "1")]);
    });

    test("id: it stays until another comes", async () => {
      expect(await read("id: 1\ndata: a\n\ndata: b\n\n")).toEqual([
        event("a", "message", "1"),
        event("b", "message", "1"),
      ]);
    });

    test("id: it may stand after the data of its event", async () => {
      expect(await read("data: a\nid: 1\n\n")).toEqual([event("a", "message", "1")]);
    });

    test("id: without a value it takes the last one back", async () => {
      expect(await read("id: 1\ndata: a\n\nid\ndata: b\n\nid: 2\nid:\ndata: c\n\n")).toEqual([
        event("a", "message", "1"),
        event("b"),
        event("c"),
      ]);
    });

    test("id: one with a NUL is ignored", async () => {
      expect(await read("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: \0\ndata: c\n\n")).toEqual([
        event("a", "message", "1"),
        event("b", "message", "1"),
        event("c", "message", "1"),
      ]);
    });

    test("id: it counts in a block without data, which dispatches nothing", async () => {
      expect(await read("id: 1\n\ndata: a\n\n")).toEqual([event("a", "message", "1")]);
    });

    test("retry: digits alone are the time to wait, at once", async () => {
      expect(await read("retry: 1500\n")).toEqual(retry(1_500));
      expect(await read("retry: 007\n")).toEqual(retry(7));
    });

    test("retry: anything but ASCII digits is ignored", async () => {
      expect(
        await read("retry: 1.5\nretry: -1\nretry: +1\nretry: 1e3\nretry: 0x1\nretry: 1 \nretry: ١\n\n"),
      ).toEqual([]);
    });

    test("retry: without a value it is ignored", async () => {
      expect(await read("retry:\nretry\nretry: \n\n")).toEqual([]);
    });

    test("dispatch: a block without data dispatches nothing", async () => {
      expect(await read("event: add\n\n: a comment\n\n\n\nid: 1\n\n")).toEqual(["comment"]);
    });

    test("dispatch: a block without data takes its type with it", async () => {
      expect(await read("event: add\n\ndata: a\n\n")).toEqual([event("a")]);
    });

    test("dispatch: data does not stay for the next event", async () => {
      expect(await read("data: a\n\ndata: b\n\n")).toEqual([event("a"), event("b")]);
    });

    test("the end of the stream dispatches nothing: a block without its empty line is discarded", async () => {
      expect(await read("data: a\n\ndata: b\n")).toEqual([event("a")]);
      expect(await read("data: a\n\ndata: b\nid: 2")).toEqual([event("a")]);
      expect(await read("data: a\n\ndata: b")).toEqual([event("a")]);
    });
  });

  describe("§9.2's own examples", () => {
    test("three lines of one stock quote", async () => {
      expect(await read("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual([event("YHOO\n+2\n10")]);
    });

    test("a comment, an id, an id that is taken back, and data with a space", async () => {
      const stream =
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
      expect(await read(stream)).toEqual([
        "comment",
        event("first event", "message", "1"),
        event("second event"),
        event(" third event"),
      ]);
    });

    test("two events, and a third that the end discards", async () => {
      expect(await read("data\n\ndata\ndata\n\ndata:")).toEqual([event(""), event("\n")]);
    });

    test("two events that are the same", async () => {
      expect(await read("data:test\n\ndata: test\n\n")).toEqual([event("test"), event("test")]);
    });
  });

  test("where the network cuts the stream never changes the events", async () => {
    const line = fc.constantFrom(
      "data: ",
      "data",
      "id: 1",
      "event: x",
      ":",
      "retry: 1",
      "é€😀",
      "\ufeff",
      "\0",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
    );
    const stream = fc.array(line, { maxLength: 30 }).map((parts) => Buffer.from(`${parts.join("")}\n\n`));
    await fc.assert(
      fc.asyncProperty(stream, fc.array(fc.nat(200), { maxLength: 8 }), async (bytes, cuts) => {
        const places = cuts.map((cut) => Math.min(cut, bytes.length)).sort((one, other) => one - other);
        const pieces = [0, ...places].map((from, index) =>
          bytes.subarray(from, places[index] ?? bytes.length),
        );
        expect(await parse(pieces)).toEqual(await parse([bytes]));
      }),
      { numRuns: 300 },
    );
  });
});

test("both parsers say the same of any stream", async () => {
  const part = fc.constantFrom(
    "data:",
    " a",
    "data",
    "id",
    ": 1",
    "event: x",
    ":",
    "retry: 10",
    "é",
    "\0",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    " ",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 40 }), async (parts) => {
      const bytes = [Buffer.from(`${parts.join("")}\n\n`)];
      const reports = (await protocol(bytes)).flatMap((each): readonly Report[] => {
        if (each === "comment") return [each];
        return "data" in each ? [{ data: each.data }] : [];
      });
      expect(await client(bytes)).toEqual(reports);
    }),
    { numRuns: 1_000 },
  );
});

test("a line that is longer than any of the server's is refused, and memory is bounded", async () => {
  const mebi = Buffer.alloc(1_048_576, "x");
  await expect(client(Array.from({ length: 17 }, () => mebi))).rejects.toThrow(RangeError);
});
