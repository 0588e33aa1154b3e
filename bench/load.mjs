// The load side of the fan-out benchmark, in a process of its own: holds the readers, counts what they get, and
// samples how long messages took. It looks at the first and the last message of a chunk alone, and reads into one
// buffer, so as not to be the bottleneck: numbers without a hole between them say that all messages were there.
import { connect } from "node:net";

const [url, channel, webSockets, streams] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const readers = Number(webSockets) + Number(streams);
/** Every payload begins with its number, from 1 on, and when it was sent, in milliseconds of the machine's clock. */
const MARK = Buffer.from('"n":');
const SENT = Buffer.from(',"sentAtMs":');
const NOTHING = Buffer.alloc(0);
/** One of so many chunks is sampled. */
const SAMPLE = 8;
const shared = Buffer.allocUnsafeSlow(262_144);
const latencies = [];
let received = 0;
let opened = 0;
let chunks = 0;

for (let index = 0; index < readers; index++) open(index < Number(webSockets));

process.on("message", (message) => {
  if (message === "forget") {
    latencies.length = 0;
    received = 0;
  }
  if (message !== "report") return;
  latencies.sort((a, b) => a - b);
  const at = (share) => Number(latencies[Math.floor(latencies.length * share)]?.toFixed(1));
  process.send({
    received,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(0.999_999),
    samples: latencies.length,
  });
});

function open(isWebSocket) {
  const upgrade =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const head = isWebSocket ? upgrade : "Accept: text/event-stream\r\n";
  let isOpen = false;
  let last = 0;
  let rest = NOTHING;
  const callback = (size) => {
    const chunk = shared.subarray(0, size);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = NOTHING;
    if (!isOpen) {
      isOpen = bytes.includes("caught-up");
      if (!isOpen) rest = Buffer.from(bytes);
      else if (++opened === readers) process.send("ready");
      return true;
    }
    const firstAt = bytes.indexOf(MARK);
    const lastAt = bytes.lastIndexOf(MARK);
    const first = firstAt < 0 ? 0 : numberAt(bytes, firstAt + MARK.length);
    const end = lastAt < 0 ? 0 : numberAt(bytes, lastAt + MARK.length);
    // A chunk that is cut inside what is looked at, or has nothing of it, waits for the next.
    if (first === 0 || end === 0) rest = Buffer.from(bytes);
    else if (end > last) {
      if (last !== 0 && first > last + 1) throw new Error(`after message ${last} came ${first}`);
      received += end - (last === 0 ? first - 1 : last);
      last = end;
      if (++chunks % SAMPLE === 0) sample(bytes);
    }
    return true;
  };
  const socket = connect({ host: hostname, port: Number(port), onread: { buffer: shared, callback } });
  socket.write(`GET /channels/${channel} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${head}\r\n`);
  socket.on("error", (error) => {
    throw error;
  });
}

/** The decimal number that begins at a byte; 0 where it is cut off. */
function numberAt(bytes, from) {
  let value = 0;
  for (let at = from; at < bytes.length; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
  return 0;
}

/** Any message of the chunk, so that those that waited long and those that did not count alike. */
function sample(bytes) {
  const at = bytes.lastIndexOf(SENT, Math.floor(Math.random() * bytes.length));
  if (at < 0) return;
  const text = bytes.latin1Slice(at + SENT.length, Math.min(bytes.length, at + SENT.length + 24));
  const end = text.indexOf(",");
  if (end > 0) latencies.push(performance.timeOrigin + performance.now() - Number(text.slice(0, end)));
}
