/**
 * Examples of requests and answers. A test sends each request to a running server and compares what comes back with
 * the answer here; only the epoch, times, ids and measured values are set to the ones below.
 */
export const EXAMPLE_TIME = "2026-01-05T09:00:00.000Z";
export const EXAMPLE_EPOCH = "k3x9f2ab";
export const EXAMPLE_CONNECTION = "Wq3s9XvT1cZk0aBd";

const compiled = {
  type: "message",
  channel: "builds/1",
  cursor: "k3x9f2ab.1",
  time: EXAMPLE_TIME,
  data: { step: "compile", done: 0.4 },
};
const linking = {
  type: "message",
  channel: "builds/1",
  cursor: "k3x9f2ab.2",
  event: "stdout",
  time: EXAMPLE_TIME,
  contentType: "text/plain",
  data: "linking",
};
const missed = { reason: "epoch", from: "old.7", to: "k3x9f2ab.0", missed: null };

type Named<Name extends string, Value = object> = Readonly<Record<Name, Value>>;

export const published: Named<"json" | "one" | "ofBatch" | "again"> & Named<"text" | "batch", string> = {
  json: { step: "compile", done: 0.4 },
  text: "linking",
  batch:
    '{"event":"progress","key":"progress","data":{"percent":60}}\n{"contentType":"text/plain","data":"done"}\n',
  one: { cursor: "k3x9f2ab.1", offset: 1 },
  ofBatch: { cursor: "k3x9f2ab.4", offset: 4, count: 2 },
  again: { cursor: "k3x9f2ab.5", offset: 5, duplicate: true },
};

export const pages: Named<"page" | "afterGap" | "empty" | "multi" | "posted"> = {
  page: { messages: [compiled, linking], cursor: "k3x9f2ab.2", caughtUp: true },
  afterGap: { messages: [compiled, linking], cursor: "k3x9f2ab.2", caughtUp: true, gap: missed },
  empty: { messages: [], cursor: "k3x9f2ab.2", caughtUp: true },
  multi: {
    messages: [compiled, linking],
    cursors: { "builds/1": "k3x9f2ab.2", "builds/2": "k3x9f2ab.0" },
    caughtUp: true,
  },
  posted: {
    messages: [compiled, linking],
    cursors: { "builds/1": "k3x9f2ab.2", "builds/2": "k3x9f2ab.0" },
    from: { "builds/1": "k3x9f2ab.0", "builds/2": "k3x9f2ab.0" },
    caughtUp: true,
  },
};

export const goneProblem: object = {
  type: "urn:tidings:problem:CURSOR_GONE",
  title: "Messages after the cursor are no longer held",
  status: 410,
  detail:
    'channel "builds/1" cannot be read since old.7 without a gap (epoch, an unknown number of messages missing). ' +
    "Read on since k3x9f2ab.0, leave gap=fail out, or raise the channel's retention.",
  code: "CURSOR_GONE",
  retryable: false,
  gap: missed,
};

const caughtUp = '{"type":"caught-up","channel":"builds/1","cursor":"k3x9f2ab.2"}';

export const streams: Named<
  "sse" | "ndjson" | "connectSse" | "postSse" | "connectNdjson" | "polledNdjson",
  string
> = {
  sse: [
    "retry: 1787\n",
    "id: k3x9f2ab.0\n",
    'id: k3x9f2ab.1\ndata: {"step":"compile","done":0.4}\n',
    "id: k3x9f2ab.2\nevent: stdout\ndata: linking\n",
    `id: k3x9f2ab.2\nevent: tidings.caught-up\ndata: ${caughtUp}\n\n`,
  ].join("\n"),
  ndjson: [
    '{"type":"ok","channel":"builds/1","cursor":"k3x9f2ab.0"}',
    JSON.stringify(compiled),
    JSON.stringify(linking),
    `${caughtUp}\n`,
  ].join("\n"),
  connectSse: [
    "retry: 1787\n",
    `event: tidings.welcome\ndata: {"type":"welcome","connection":"${EXAMPLE_CONNECTION}","heartbeatMs":15000,"limits":{"maxChannelsPerConnection":1000}}\n`,
    'event: tidings.ok\ndata: {"type":"ok","channel":"builds/1","cursor":"k3x9f2ab.1"}\n',
    `data: ${JSON.stringify(linking)}\n`,
    `event: tidings.caught-up\ndata: ${caughtUp}\n`,
    "id: builds/1@k3x9f2ab.2\n\n",
  ].join("\n"),
  postSse: [
    `event: tidings.welcome\ndata: {"type":"welcome","connection":"${EXAMPLE_CONNECTION}","heartbeatMs":15000,"limits":{"maxChannelsPerConnection":1000}}\n`,
    'event: tidings.ok\ndata: {"type":"ok","channel":"builds/1","cursor":"k3x9f2ab.1"}\n',
    `data: ${JSON.stringify(linking)}\n`,
    `event: tidings.caught-up\ndata: ${caughtUp}\n\n`,
  ].join("\n"),
  connectNdjson: [
    `{"type":"welcome","connection":"${EXAMPLE_CONNECTION}","heartbeatMs":15000,"limits":{"maxChannelsPerConnection":1000}}`,
    '{"type":"ok","channel":"builds/1","cursor":"k3x9f2ab.1"}',
    JSON.stringify(linking),
    `${caughtUp}\n`,
  ].join("\n"),
  polledNdjson: [
    '{"type":"ok","channel":"builds/1","cursor":"k3x9f2ab.1"}',
    JSON.stringify(linking),
    `${caughtUp}\n`,
  ].join("\n"),
};

export const list: object = {
  channels: [
    {
      channel: "builds/1",
      cursor: "k3x9f2ab.2",
      earliest: "k3x9f2ab.0",
      messages: 2,
      bytes: 177,
      readers: 0,
    },
  ],
};

export const connects: Named<"page" | "stream"> = {
  page: { subscribe: [{ channel: "builds/1", since: "earliest" }, { channel: "builds/2" }] },
  stream: { subscribe: [{ channel: "builds/1", last: 1 }] },
};

export const patch: object = {
  subscribe: [{ channel: "builds/2", since: "earliest" }],
};
export const patched: object = { channels: { "builds/2": "k3x9f2ab.0" } };
