import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostileText } from "./arbitraries.ts";
import { cutAt, everywhere } from "./cut.ts";
import { type Report, reportsOf } from "./sse.ts";

const read = (text: string, cuts: readonly number[] = []): Report[] =>
  reportsOf(cutAt(Buffer.from(text), cuts));
const event = (data: string, name = "message", lastEventId = ""): Report => ({
  event: { event: name, data, lastEventId },
});

describe("the standard's own examples (WHATWG HTML §9.2)", () => {
  test("lines of data are joined by LF", () => {
    expect(read("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual([event("YHOO\n+2\n10")]);
  });

  test("a comment, an id, an id that is taken back, and a block that the stream's end cuts off", () => {
    const stream = [": test stream", "", "data: first event", "id: 1", "", "data:second event", "id", ""];
    expect(read([...stream, "data:  third event", ""].join("\n"))).toEqual([
      { comment: "test stream" },
      event("first event", "message", "1"),
      event("second event"),
    ]);
    expect(read("data:  third event\n\n")).toEqual([event(" third event")]);
  });

  test("data without a value, twice, and without an end", () => {
    expect(read("data\n\ndata\ndata\n\ndata:")).toEqual([event(""), event("\n")]);
  });

  test("one space after the colon is not part of the value", () => {
    expect(read("data:test\n\ndata: test\n\n")).toEqual([event("test"), event("test")]);
  });

  test("events have names", () => {
    expect(read("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n")).toEqual([
      event("73857293", "add"),
      event("2153", "remove"),
    ]);
  });
});

describe("the grammar (WHATWG HTML §9.2.5)", () => {
  test.each(["\n", "\r", "\r\n"])("lines end with %j", (end) => {
    expect(read(`data: a${end}data: b${end}${end}data: c${end}${end}`)).toEqual([event("a\nb"), event("c")]);
  });

  test("line ends may be mixed: CR, LF is one, LF, CR are two", () => {
    expect(read("data: a\r\n\ndata: b\n\r\ndata: c\r\r")).toEqual([event("a"), event("b"), event("c")]);
    expect(read("data: a\n\rdata: b\n\n")).toEqual([event("a"), event("b")]);
  });

  test("one byte order mark at the start is passed over, and only there", () => {
    expect(read("\ufeffdata: a\n\n\ufeffdata: b\n\ndata: \ufeffc\n\n")).toEqual([
      event("a"),
      event("\ufeffc"),
    ]);
    expect(read("\ufeff\ufeffdata: a\n\n")).toEqual([]);
  });

  test("bad UTF-8 becomes U+FFFD and breaks nothing", () => {
    const bytes = Buffer.concat([
      Buffer.from("data: a"),
      Buffer.from([0xff, 0xe2, 0x82]),
      Buffer.from("b\n\n"),
    ]);
    expect(reportsOf([bytes])).toEqual([event("a\ufffd\ufffdb")]);
  });

  test("other separators of Unicode end no line", () => {
    expect(read("data: a\u2028b\u2029c\u0085d\u000be\u000cf\0\n\n")).toEqual([
      event("a\u2028b\u2029c\u0085d\u000be\u000cf\0"),
    ]);
  });
});

describe("the interpretation (WHATWG HTML §9.2.6)", () => {
  test("comments are reported and dispatch nothing", () => {
    expect(read(":\n: hi\n:x: y\n\n")).toEqual([{ comment: "" }, { comment: "hi" }, { comment: "x: y" }]);
  });

  test("a value may hold colons and spaces; only the first space goes", () => {
    expect(read("data:  a: b \n\n")).toEqual([event(" a: b ")]);
    expect(read("data:\ta\n\n")).toEqual([event("\ta")]);
  });

  test("fields of other names are ignored, also in other cases or with spaces around", () => {
    expect(read("Data: a\nDATA: b\ndata : c\n data: d\nfoo: e\nfoo\n\n")).toEqual([]);
  });

  test("a data line without a value dispatches an empty event", () => {
    expect(read("data:\n\n")).toEqual([event("")]);
    expect(read("data: \n\n")).toEqual([event("")]);
    expect(read("data:\ndata:\n\n")).toEqual([event("\n")]);
  });

  test("a block without data dispatches nothing, and its event name does not stay", () => {
    expect(read("event: add\n\ndata: a\n\n")).toEqual([event("a")]);
    expect(read("\n\n\n")).toEqual([]);
  });

  test("an empty event name is message; the last of several counts", () => {
    expect(read("event\ndata: a\n\nevent: a\nevent: b\ndata: c\n\nevent: a\nevent:\ndata: d\n\n")).toEqual([
      event("a"),
      event("c", "b"),
      event("d"),
    ]);
  });

  test("an id stays for later events until another comes", () => {
    expect(read("id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n")).toEqual([
      event("a", "message", "1"),
      event("b", "message", "1"),
      event("c", "message", "2"),
    ]);
  });

  test("an id with NUL is ignored", () => {
    expect(read("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n")).toEqual([
      event("a", "message", "1"),
      event("b", "message", "1"),
    ]);
  });

  test("an id without a value takes the last one back", () => {
    expect(read("id: 1\ndata: a\n\nid\ndata: b\n\n")).toEqual([event("a", "message", "1"), event("b")]);
  });

  test("a block of an id alone moves the position, and dispatches no event", () => {
    expect(read("id: e.0\n\ndata: a\n\nid: e.1\n\nid: e.1\n\n")).toEqual([
      { position: "e.0" },
      event("a", "message", "e.0"),
      { position: "e.1" },
    ]);
  });

  test("a position is not taken from a block that is not whole", () => {
    expect(read("id: 1\n\nid: 2\n")).toEqual([{ position: "1" }]);
  });

  test("retry is digits, and at once; anything else is ignored", () => {
    expect(read("retry: 1500\n")).toEqual([{ retry: 1_500 }]);
    expect(
      read("retry: 007\nretry: 1.5\nretry: -1\nretry: 1e3\nretry:\nretry\nretry: 1 \nretry: ١\n\n"),
    ).toEqual([{ retry: 7 }]);
  });

  test("retry is never longer than a timer can wait, which would fire at once", () => {
    expect(read(`retry: 2147483648\nretry: ${"9".repeat(400)}\n`)).toEqual([
      { retry: 2_147_483_647 },
      { retry: 2_147_483_647 },
    ]);
  });

  test("what the stream's end cuts off is not dispatched", () => {
    expect(read("data: a\n\ndata: b\n")).toEqual([event("a")]);
    expect(read("data: a\n\ndata: b")).toEqual([event("a")]);
  });

  test("handlers that are not there are not missed", () => {
    expect(() => reportsOf([Buffer.from(": c\nretry: 1\nid: 1\n\n")], { eventsOnly: true })).not.toThrow();
  });
});

describe("where the network cuts the stream", () => {
  const STREAM =
    "\ufeff: hi\r\nretry: 10\rid: e.0\n\nid: é€😀\r\nevent: größer\r\ndata: a\rdata: €\ndata:😀\r\n\r\n" +
    "data: CR\r\rdata\n\nid: 2\r\n\r\ndata: last\n\n";
  const EVENTS: Report[] = [
    { comment: "hi" },
    { retry: 10 },
    { position: "e.0" },
    event("a\n€\n😀", "größer", "é€😀"),
    event("CR", "message", "é€😀"),
    event("", "message", "é€😀"),
    { position: "2" },
    event("last", "message", "2"),
  ];
  const bytes = Buffer.from(STREAM);

  test("in two, at each byte, the events are the same", () => {
    expect(read(STREAM)).toEqual(EVENTS);
    for (let cut = 0; cut <= bytes.length; cut++) expect(reportsOf(cutAt(bytes, [cut]))).toEqual(EVENTS);
  });

  test("into single bytes, with empty pieces between, the events are the same", () => {
    expect(reportsOf(cutAt(bytes, everywhere(bytes)))).toEqual(EVENTS);
    expect(
      reportsOf(
        cutAt(
          bytes,
          everywhere(bytes).flatMap((cut) => [cut, cut]),
        ),
      ),
    ).toEqual(EVENTS);
  });

  test("anywhere, the events are the same (WHATWG HTML §9.2.5)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        expect(reportsOf(cutAt(bytes, cuts))).toEqual(EVENTS);
      }),
    );
  });

  test("anywhere in any text, the events are the same", () => {
    const line = fc.constantFrom(
      "data: ",
      "data",
      "id: ",
      "event: ",
      ":",
      "retry: 1",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
    );
    const text = fc.array(fc.oneof(line, hostileText), { maxLength: 30 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(300)), (stream, cuts) => {
        expect(read(stream, cuts)).toEqual(read(stream));
      }),
      { numRuns: 300 },
    );
  });
});

describe("the bound of an event", () => {
  const readBound = (text: string, cuts: readonly number[], maxEventLength: number): Report[] =>
    reportsOf(cutAt(Buffer.from(text), cuts), { maxEventLength });

  test("lets lines of exactly this length through, wherever they are cut", () => {
    for (const text of ["data: 1234\n\n", ":123456789\r\n\r\n", "data: 1234\r\r"]) {
      for (let cut = 0; cut <= text.length; cut++) expect(readBound(text, [cut], 10)).toHaveLength(1);
    }
  });

  test("refuses one character more, in any line, wherever it is cut", () => {
    for (const text of [
      "data: 12345\n\n",
      ":1234567890\n",
      "id: 1234567\r\n",
      "unknown: xx\n",
      "xxxxxxxxxxx",
    ]) {
      for (let cut = 0; cut <= text.length; cut++)
        expect(() => readBound(text, [cut], 10)).toThrow(RangeError);
    }
  });

  test("counts all the lines of an event's data together, and begins anew with the next event", () => {
    expect(readBound("data:1234\ndata:1234\n\ndata:1234\ndata:1234\n\n", [], 10)).toHaveLength(2);
    expect(() => readBound("data:1234\ndata:1234\ndata\n\n", [], 10)).toThrow(RangeError);
  });

  test("is 16 Mi characters by default", () => {
    const mebi = Buffer.alloc(1_048_576, "x");
    expect(() => reportsOf(Array.from({ length: 16 }, () => mebi))).not.toThrow();
    expect(() => reportsOf(Array.from({ length: 17 }, () => mebi))).toThrow(RangeError);
  });
});
