import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashOfKey, idOfKey } from "../../src/auth/api-key.ts";
import { type KeyRecord, readKeyFile } from "../../src/auth/key-file.ts";
import { type Ended, objectsIn, tidings } from "./support/tidings.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-key-"));
});
afterEach(() => rm(folder, { recursive: true }));

const key = (...args: readonly string[]): Promise<Ended> => tidings(["key", ...args], { cwd: folder });

function keysIn(path = "data/keys.json"): readonly KeyRecord[] {
  return readKeyFile(join(folder, path)).keys;
}

describe("tidings key create", () => {
  test("prints the key alone on standard output, and keeps its hash, grants and expiry", async () => {
    const { code, stdout, stderr } = await key(
      ...["create", "--name", "ci", "--publish", "builds/**", "--publish", "logs/*", "--command", "evals.*"],
      ...["--expires", "90d"],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tk_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}\n$/);
    const made = stdout.trim();
    expect(stderr).not.toContain(made.slice(16));
    expect(stderr).toContain("command: evals.*");
    const [record] = keysIn();
    expect(record).toMatchObject({
      id: idOfKey(made),
      name: "ci",
      hash: hashOfKey(made),
      grants: { publish: ["builds/**", "logs/*"], command: ["evals.*"] },
    });
    const days = (Date.parse(record?.expiresAt ?? "") - Date.parse(record?.createdAt ?? "")) / 86_400_000;
    expect(days).toBe(90);
  });

  test("makes the data folder and the file for their owner alone", async () => {
    await key("create", "--name", "ci", "--admin", "**");
    expect((await stat(join(folder, "data"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "data", "keys.json"))).mode & 0o777).toBe(0o600);
  });

  test("writes where the server of this folder would read, or where it is told to", async () => {
    const grant = ["--name", "a", "--admin", "**"];
    await key("create", ...grant, "--keys", "some.json");
    await key("create", ...grant, "--data", "there");
    await writeFile(join(folder, "tidings.config.json"), '{"auth":{"keys":"etc/k.json"}}');
    await key("create", ...grant);
    await mkdir(join(folder, "conf"));
    await writeFile(join(folder, "conf", "t.json"), '{"data":"d"}');
    await key("create", ...grant, "--config", "conf/t.json");
    for (const path of ["some.json", "there/keys.json", "etc/k.json", "conf/d/keys.json"])
      expect(keysIn(path), path).toHaveLength(1);
  });

  test("needs nothing of the configuration but the place: secrets of the server may not be here", async () => {
    const jwt = [{ algorithm: "HS256", secret: "env:NOT_HERE" }];
    await writeFile(join(folder, "tidings.config.json"), JSON.stringify({ auth: { jwt } }));
    expect((await key("create", "--name", "ci", "--admin", "**")).code).toBe(0);
  });

  test.each([
    [["--name", "ci"], "the key could do nothing"],
    [["--admin", "**"], "--name"],
    [["--name", "ci", "--publish", "a//b"], "is not a channel pattern"],
    [["--name", "ci", "--command", "a/b"], "pattern"],
    [["--name", "c\ni", "--admin", "**"], "on one line"],
    [["--name", "ci", "--admin", "**", "--expires", "0"], "It must be a time"],
    [["--name", "ci", "--admin", "**", "--keys", "a", "--data", "b"], "cannot be used with"],
  ])("%j is refused, and no file is made", async (args, reason) => {
    const { code, stdout, stderr } = await key("create", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(reason);
    expect(keysIn()).toEqual([]);
  });

  test("several at the same time lose none", async () => {
    const count = 8;
    const made = await Promise.all(
      Array.from({ length: count }, (_, at) => key("create", "--name", `k${at}`, "--admin", "**")),
    );
    expect(made.map(({ code }) => code)).toEqual(Array.from({ length: count }, () => 0));
    const ids = made.map(({ stdout }) => idOfKey(stdout.trim()));
    expect(new Set(keysIn().map(({ id }) => id))).toEqual(new Set(ids));
    expect(keysIn()).toHaveLength(count);
  });

  test("waits while another change is under way", async () => {
    await mkdir(join(folder, "data"));
    const lock = join(folder, "data", "keys.json.lock");
    await writeFile(lock, `${process.pid}\n`);
    const creating = key("create", "--name", "ci", "--admin", "**");
    // Made once the lock is gone, and not before: the process is surely up to it once it has looked for the file.
    await tidings(["key", "list"], { cwd: folder });
    expect(keysIn()).toEqual([]);
    await rm(lock);
    expect((await creating).code).toBe(0);
    expect(keysIn()).toHaveLength(1);
  });

  test("a file that is something else is left as it is, with exit code 2", async () => {
    await writeFile(join(folder, "k.json"), '{"mine":1}');
    const { code, stderr } = await key("create", "--name", "ci", "--admin", "**", "--keys", "k.json");
    expect(code).toBe(2);
    expect(stderr).toContain("is not a file of keys");
    expect(await readFile(join(folder, "k.json"), "utf8")).toBe('{"mine":1}');
  });

  test.skipIf(process.getuid?.() !== 0)(
    "by the superuser leaves the file to whose it was, or whose the folder is (needs the superuser)",
    async () => {
      const data = join(folder, "data");
      await mkdir(data);
      await chown(data, 4_321, 4_322);
      await key("create", "--name", "a", "--admin", "**");
      const file = join(data, "keys.json");
      expect(await stat(file)).toMatchObject({ uid: 4_321, gid: 4_322 });
      await chown(file, 4_323, 4_324);
      await chmod(file, 0o600);
      await key("create", "--name", "b", "--admin", "**");
      expect(await stat(file)).toMatchObject({ uid: 4_323, gid: 4_324 });
    },
  );
});

describe("tidings key list", () => {
  test("shows the keys with what they grant, and neither key nor hash", async () => {
    const made = (await key("create", "--name", "ci", "--publish", "builds/**")).stdout.trim();
    const text = await key("list");
    expect(text.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["ID", "NAME", "CREATED", "EXPIRES", "GRANTS"],
      [idOfKey(made), "ci", expect.stringMatching(/^\d{4}-\d\d-\d\d$/), "never", "publish: builds/**"],
      [""],
    ]);
    const json = await key("list", "--json");
    expect(objectsIn(json.stdout)).toEqual([
      {
        id: idOfKey(made),
        name: "ci",
        grants: { publish: ["builds/**"] },
        createdAt: expect.any(String),
        expired: false,
      },
    ]);
    expect(text.stdout + json.stdout).not.toContain(hashOfKey(made));
  });

  test("without a file it says so, and lists none", async () => {
    const { code, stdout, stderr } = await key("list");
    expect(code).toBe(0);
    expect(stdout).toBe("ID  NAME  CREATED  EXPIRES  GRANTS\n");
    expect(stderr).toContain("there is no file");
  });
});

describe("tidings key revoke", () => {
  test("takes a key out by its id, or by its name", async () => {
    const made = await Promise.all(
      ["a", "b", "c"].map((name) => key("create", "--name", name, "--admin", "**")),
    );
    expect((await key("revoke", idOfKey(made[0]?.stdout.trim() ?? "") ?? "")).code).toBe(0);
    expect((await key("revoke", "b")).stderr).toContain("(b) is revoked");
    expect(keysIn().map(({ name }) => name)).toEqual(["c"]);
  });

  test("of a name that several have is refused with their ids, so that one can take over from another", async () => {
    for (let at = 0; at < 2; at++) await key("create", "--name", "ci", "--admin", "**");
    const { code, stderr } = await key("revoke", "ci");
    expect(code).toBe(1);
    for (const { id } of keysIn()) expect(stderr).toContain(id);
    expect(keysIn()).toHaveLength(2);
  });

  test("of a key that is not there is refused, and makes no file", async () => {
    const { code, stderr } = await key("revoke", "ci");
    expect(code).toBe(1);
    expect(stderr).toContain("no key of");
    expect(readKeyFile(join(folder, "data", "keys.json")).exists).toBe(false);
  });
});
