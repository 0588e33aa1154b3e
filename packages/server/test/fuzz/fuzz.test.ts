import { expect, test } from "vitest";
import { faultIn } from "./answers.ts";
import { fuzz } from "./run.ts";

const ROUNDS = 60;

test("random requests, handshakes and frames: no crash, no hang, no unknown code, and a good client is served", async () => {
  // `npm run fuzz -- --seed …` has the same rounds again.
  const { rounds, warmBytes, endBytes } = await fuzz({ seed: 1, goesOn: (round) => round < ROUNDS });
  expect(rounds).toBe(ROUNDS);
  if (process.platform === "linux") expect(Math.min(warmBytes, endBytes)).toBeGreaterThan(0);
}, 60_000);

test.each([
  ["HTTP/1.1 418 I'm a teapot\r\n\r\n", "the status 418"],
  ['HTTP/1.1 400 Bad Request\r\n\r\n{"code":"WHO_KNOWS"}', "the code WHO_KNOWS"],
  ['HTTP/1.1 500 No\r\n\r\n{"code":"INTERNAL"}', "a fault of the server's own: INTERNAL"],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n\u0088\u000d\u000f\u00a0some reason", "the close code 4000"],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n\u0088\u000d\u0003\u00f3some reason", "the close code 1011"],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n\u0081\u0081", "a masked frame"],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n\u0088\u000d\u0003\u00easome reason", undefined],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n\u0088\u0003\u000c\u00ccx", undefined],
  ['HTTP/1.1 404 Not Found\r\n\r\n{"code":"NOT_FOUND"}', undefined],
])("what the fuzzer takes %j for", (bytes, fault) => {
  expect(faultIn(Buffer.from(bytes, "latin1"))).toBe(fault);
});
