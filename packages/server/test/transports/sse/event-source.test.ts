import { faultProxy, publish, publishNumbers } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { Child } from "../../support/child.ts";
import { openServer } from "../../support/logs.ts";

/** Prints each message's data, and `open` at each connection. Node's own EventSource is behind a flag. */
const CLIENT = `
  export {};
  setInterval(() => undefined, 60_000); // Node's EventSource does not keep its process alive while it waits
  const source = new EventSource(process.argv[1]);
  source.onopen = () => console.log("open");
  for (const event of ["message", "log"]) {
    source.addEventListener(event, ({ data }) => console.log(data.startsWith("{") ? String(JSON.parse(data).data) : data));
  }
`;

function openEventSource(url: string): Child {
  return new Child(CLIENT, ["--experimental-eventsource", "--no-warnings"], [url]);
}

async function lines(child: Child, count: number): Promise<readonly string[]> {
  const all: string[] = [];
  while (all.length < count) all.push(await child.line());
  return all;
}

describe("an EventSource that somebody else wrote", () => {
  test.concurrent("follows one channel, and after the network was cut gets what it missed, once", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    await using source = openEventSource(`${proxy.url}/channels/a?since=earliest`);
    expect(await source.line()).toBe("open");
    await publishNumbers(server.url, "a", 1, 2);
    await publish(server.url, "a", "3", { event: "log" });
    expect(await lines(source, 3)).toEqual(["1", "2", "3"]);
    proxy.cutAll("end");
    await publishNumbers(server.url, "a", 4, 5);
    expect(await lines(source, 3)).toEqual(["open", "4", "5"]);
  });

  test.concurrent("resumes although it had received no message before the cut", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 3);
    await using proxy = await faultProxy(server.url);
    await using source = openEventSource(`${proxy.url}/channels/a`);
    expect(await source.line()).toBe("open");
    // The greeting's id must be there before the cut: an ephemeral message comes after it, and moves nothing.
    await publish(server.url, "a", `"here"`, { ephemeral: true });
    expect(await source.line()).toBe(`"here"`);
    proxy.cutAll("end");
    await publishNumbers(server.url, "a", 4, 4);
    expect(await lines(source, 2)).toEqual(["open", "4"]);
  });

  test.concurrent("resumes many channels by their composite position", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    await using source = openEventSource(`${proxy.url}/connect?channel=a&channel=b&since=earliest`);
    expect(await source.line()).toBe("open");
    await publish(server.url, "a", "1");
    await publish(server.url, "b", "2");
    expect(await lines(source, 2)).toEqual(["1", "2"]);
    // The id block follows the message in the same write; another message shows that it was read.
    await publish(server.url, "a", "3");
    expect(await source.line()).toBe("3");
    proxy.cutAll("end");
    await publish(server.url, "b", "4");
    const after = await lines(source, 2);
    expect(after.filter((line) => line !== "3")).toEqual(["open", "4"]);
  });
});
