import { chmod, type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { DurableFiles } from "./durable-files.ts";
import {
  type ArtifactRecord,
  decodeArtifact,
  decodeUpload,
  encodeRecord,
  ID,
  type UploadRecord,
} from "./record.ts";
import type { ArtifactStore, StoredBody, StoredUpload, UploadBody } from "./store.ts";

/** The owner's alone: whoever may read an artifact gets it from the server. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** How many records are read at a time at the start. */
const LOADED_AT_ONCE = 32;
const FOLDERS = ["bodies", "artifacts", "uploads"] as const;
type Folder = (typeof FOLDERS)[number];

/**
 * Artifacts in a folder:
 *
 *     bodies/<id>           the bytes, of artifacts and of uploads alike: finishing one moves nothing
 *     artifacts/<id>.json   the record, written last: where it is, the body is whole
 *     uploads/<id>.json     the note of an upload that can be gone on with
 *
 * A body that has neither was cut off in the middle, and is removed at the next start.
 */
export class FolderStore implements ArtifactStore {
  readonly #logger: Logger;
  readonly #files: DurableFiles;
  /** Without a path: a fresh folder of the system's for what is temporary, made when it is first needed. */
  readonly #path: string | undefined;
  readonly #lock: ((path: string) => () => void) | undefined;
  #unlock: (() => void) | undefined;
  #root: Promise<string> | undefined;

  /** `lock` has the folder be this process's alone, and answers what ends that: for one that nothing else sees to. */
  constructor(path: string | undefined, logger: Logger, lock?: (path: string) => () => void) {
    this.#path = path;
    this.#logger = logger;
    this.#lock = lock;
    this.#files = new DurableFiles(path !== undefined);
  }

  async load(): Promise<{ artifacts: readonly ArtifactRecord[]; uploads: readonly StoredUpload[] }> {
    const artifacts: ArtifactRecord[] = [];
    const uploads: StoredUpload[] = [];
    // Nothing outlives the process there.
    if (this.#path === undefined) return { artifacts, uploads };
    this.#unlock = this.#lock?.(this.#path);
    const bodies = new Set(await this.#names("bodies", ""));
    await this.#each("artifacts", async (id, text) => {
      const record = decodeArtifact(text, id);
      const size = bodies.has(id) ? (await stat(await this.#at("bodies", id))).size : undefined;
      if (record === undefined || size !== record.size) return false;
      artifacts.push(record);
      return true;
    });
    const whole = new Set(artifacts.map(({ id }) => id));
    await this.#each("uploads", async (id, text) => {
      const record = decodeUpload(text, id);
      // One that became an artifact just before the end has its note still.
      if (record === undefined || whole.has(id) || !bodies.has(id)) return false;
      const { size, mtimeMs } = await stat(await this.#at("bodies", id));
      uploads.push({ record, size, touchedMs: Math.round(mtimeMs) });
      return true;
    });
    const known = new Set([...whole, ...uploads.map(({ record }) => record.id)]);
    for (const id of bodies) {
      if (known.has(id)) continue;
      this.#logger.warn({ id }, "the body of an unfinished or damaged artifact was removed");
      await rm(await this.#at("bodies", id), { force: true });
    }
    return { artifacts, uploads };
  }

  async create(id: string): Promise<UploadBody> {
    const file = await open(await this.#at("bodies", id), "wx", FILE_MODE);
    return new FolderUpload(file, 0, this.#files, join(await this.#folder(), "bodies"));
  }

  async reopen(id: string): Promise<UploadBody> {
    const file = await open(await this.#at("bodies", id), "r+");
    const { size } = await file.stat();
    return new FolderUpload(file, size, this.#files, join(await this.#folder(), "bodies"));
  }

  async keep(upload: UploadRecord): Promise<void> {
    await this.#files.syncFolder(join(await this.#folder(), "bodies"));
    await this.#files.write(join(await this.#folder(), "uploads"), `${upload.id}.json`, encodeRecord(upload));
  }

  async finish(record: ArtifactRecord): Promise<void> {
    await this.update(record);
    await rm(await this.#at("uploads", `${record.id}.json`), { force: true });
  }

  async update(record: ArtifactRecord): Promise<void> {
    const folder = join(await this.#folder(), "artifacts");
    await this.#files.write(folder, `${record.id}.json`, encodeRecord(record));
  }

  async open(id: string): Promise<StoredBody> {
    return new FolderBody(await open(await this.#at("bodies", id), "r"));
  }

  async delete(id: string): Promise<void> {
    // The record first: a body without it is nothing, a record without its body would be a lie.
    await rm(await this.#at("artifacts", `${id}.json`), { force: true });
    await rm(await this.#at("uploads", `${id}.json`), { force: true });
    await rm(await this.#at("bodies", id), { force: true });
  }

  async close(): Promise<void> {
    this.#unlock?.();
    if (this.#path !== undefined || this.#root === undefined) return;
    await rm(await this.#root, { recursive: true, force: true });
  }

  /** Calls for each record of a folder; what `take` does not take is removed, and said. */
  async #each(folder: Folder, take: (id: string, text: string) => Promise<boolean>): Promise<void> {
    const ids = await this.#names(folder, ".json");
    const next = ids.values();
    const work = async (): Promise<void> => {
      for (const id of next) {
        const path = await this.#at(folder, `${id}.json`);
        if (await take(id, await readFile(path, "utf8"))) continue;
        this.#logger.warn({ id }, `a record of ${folder} has no whole body, or is damaged; it was removed`);
        await rm(path, { force: true });
      }
    };
    await Promise.all(Array.from({ length: LOADED_AT_ONCE }, work));
  }

  /** The ids that a folder has files of. Half-written ones are removed; what is nobody's here is left alone. */
  async #names(folder: Folder, suffix: string): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const name of await readdir(await this.#at(folder, ""))) {
      const id = name.slice(0, name.length - suffix.length);
      if (name.endsWith(suffix) && ID.test(id)) ids.push(id);
      else if (name.endsWith(".tmp")) await rm(await this.#at(folder, name), { force: true });
      else
        this.#logger.warn(
          { folder, name },
          "a file that is no artifact's stands in the store; it is passed over",
        );
    }
    return ids;
  }

  async #at(folder: Folder, name: string): Promise<string> {
    return join(await this.#folder(), folder, name);
  }

  async #folder(): Promise<string> {
    this.#root ??= this.#make();
    return this.#root;
  }

  async #make(): Promise<string> {
    const root = this.#path ?? (await mkdtemp(join(tmpdir(), "tidings-artifacts-")));
    await mkdir(root, { recursive: true, mode: FOLDER_MODE });
    // One that was there before may be open to others.
    await chmod(root, FOLDER_MODE);
    for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true, mode: FOLDER_MODE });
    await this.#files.syncFolder(root);
    return root;
  }
}

class FolderUpload implements UploadBody {
  readonly #file: FileHandle;
  readonly #files: DurableFiles;
  readonly #folder: string;
  #size: number;

  constructor(file: FileHandle, size: number, files: DurableFiles, folder: string) {
    this.#file = file;
    this.#size = size;
    this.#files = files;
    this.#folder = folder;
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    let written = 0;
    // A disk that is nearly full takes a part first.
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#size);
      written += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#file.truncate(size);
    this.#size = size;
  }

  async sync(): Promise<void> {
    // Its name too: a body without one would be lost with its record left.
    await Promise.all([this.#files.sync(this.#file), this.#files.syncFolder(this.#folder)]);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

class FolderBody implements StoredBody {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const { bytesRead } = await this.#file.read(into, 0, into.length, position);
    return bytesRead;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
