import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { channelPageHeaders, renderChannelPage } from "../../../src/transports/page/index.ts";
import { openServer } from "../../support/logs.ts";

const page = renderChannelPage({ channel: "builds/1" });

function sha256(text: string | undefined): string {
  return `'sha256-${createHash("sha256")
    .update(text ?? "")
    .digest("base64")}'`;
}

function between(open: string, close: string): string | undefined {
  return page.split(open)[1]?.split(close)[0];
}

describe("the document", () => {
  test("has one style and one script, both named by the policy, which allows nothing else", () => {
    expect(page.match(/<style/g)).toHaveLength(1);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<[^>]*\s(?:style|on[a-z]+)="/g)).toBeNull();
    const policy = channelPageHeaders()["content-security-policy"]?.split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${sha256(between('<script type="module">', "</script>"))}`);
    expect(policy).toContain(`style-src ${sha256(between("<style>", "</style>"))}`);
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
  });

  test("names no other URL than namespaces and data: nothing is fetched from elsewhere", () => {
    expect(page.replaceAll("http://www.w3.org/2000/svg", "").match(/https?:\/\/|src=/g)).toBeNull();
    expect(between("<style>", "</style>")?.match(/@import|url\(/g)).toBeNull();
    expect(page.match(/href="[^"]{5}/g)).toEqual(['href="data:']);
  });

  test("a channel's name cannot leave its place in the markup", () => {
    const hostile = renderChannelPage({ channel: `"><script>alert('1')</script>&` });
    expect(hostile).not.toContain("<script>alert");
    expect(hostile).toContain(
      "<title>&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;</title>",
    );
  });

  test("is small enough to be sent with every visit", () => {
    expect(Buffer.byteLength(page)).toBeLessThan(80_000);
  });
});

describe("GET /channels/{channel}, Accept: text/html", () => {
  test("answers the page, not to be stored, sniffed or framed", async () => {
    await using server = await openServer();
    const response = await fetch(`${server.url}/channels/builds/1`, {
      headers: { accept: "text/html,*/*;q=0.8" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("same-origin");
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(await response.text()).toContain("<title>builds/1</title>");
  });
});
