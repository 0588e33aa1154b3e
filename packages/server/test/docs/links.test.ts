import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readDoc, root } from "@tidings/testing/docs";

const DOCUMENTS = [
  "README.md",
  "PROTOCOL.md",
  "CHANGELOG.md",
  "THREATS.md",
  ...markdownBelow("docs"),
  ...markdownBelow("examples"),
  ...packageReadmes(),
];

describe("links", () => {
  for (const document of DOCUMENTS) {
    test(`${document} links to files and headings that are there`, () => {
      const text = readDoc(document);
      for (const [, target = ""] of text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document : join(dirname(document), path);
        expect(existsSync(join(root, file)), `${document}: ${target}`).toBe(true);
        if (anchor !== undefined)
          expect(anchorsOf(readDoc(file)), `${document}: ${target}`).toContain(anchor);
      }
    });
  }

  test("every document is linked to from another one", () => {
    const linked = new Set<string>();
    for (const document of DOCUMENTS) {
      for (const [, target = ""] of readDoc(document).matchAll(/\]\(([^)\s#]+)/g))
        linked.add(join(dirname(document), target));
    }
    expect(
      DOCUMENTS.filter(
        (document) => document !== "README.md" && !document.startsWith("packages/") && !linked.has(document),
      ),
    ).toEqual([]);
  });
});

/** The anchors that GitHub makes of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function packageReadmes(): string[] {
  return readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`);
}
