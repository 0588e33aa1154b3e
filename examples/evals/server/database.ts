import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { ENDED_STATES, type Evaluation, type State } from "../shared/evaluation.ts";
import { LIMITS } from "../shared/limits.ts";
import type { Manifest } from "../shared/manifest.ts";

const ENDED = ENDED_STATES.map((state) => `'${state}'`).join(",");
/** Ended runs of a kind that the overview's durations are of: the newest. */
const MAX_DURATIONS = 1_000;

// Columns are what is asked for; all else is in the JSON of `evaluation`.
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS evaluations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started_ms INTEGER,
    ended_ms INTEGER,
    evaluation TEXT NOT NULL,
    manifest TEXT NOT NULL,
    untold INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS by_state ON evaluations (state, seq);
  CREATE INDEX IF NOT EXISTS by_kind ON evaluations (kind, seq);
  CREATE INDEX IF NOT EXISTS by_end ON evaluations (ended_ms);
  CREATE TABLE IF NOT EXISTS requests (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    id TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;
`;

/** An evaluation as it is kept, with the manifest that it was made by. */
export interface Stored {
  /** Rises with each one that is made. */
  readonly seq: number;
  readonly evaluation: Evaluation;
  readonly manifest: Manifest;
}

export interface ListQuery {
  readonly state?: State | "ended" | "going" | undefined;
  readonly kind?: string | undefined;
  readonly limit: number;
  readonly before?: string | undefined;
}

/** A request that is to be done once: what it asked, and how long ago. */
export interface RequestKey {
  readonly key: string;
  readonly fingerprint: string;
}

/** All evaluations there are, on the disk before anybody is told of them. */
export class Database {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(SCHEMA);
  }

  /** Keeps a new one, and the request that made it, both or neither. */
  insert(evaluation: Evaluation, manifest: Manifest, request: RequestKey | undefined): Stored {
    const now = Date.now();
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const { lastInsertRowid } = this.#db
        .prepare(
          "INSERT INTO evaluations (id, kind, state, evaluation, manifest, untold) VALUES (?, ?, ?, ?, ?, 1)",
        )
        .run(
          evaluation.id,
          evaluation.kind,
          evaluation.state,
          JSON.stringify(evaluation),
          JSON.stringify(manifest),
        );
      if (request !== undefined) {
        this.#db
          .prepare("INSERT INTO requests (key, fingerprint, id, created_ms) VALUES (?, ?, ?, ?)")
          .run(request.key, request.fingerprint, evaluation.id, now);
      }
      this.#db.exec("COMMIT");
      return { seq: Number(lastInsertRowid), evaluation, manifest };
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Who made what by this key, within the last day. */
  request(key: string): { readonly fingerprint: string; readonly id: string } | undefined {
    this.#db.prepare("DELETE FROM requests WHERE created_ms < ?").run(Date.now() - LIMITS.idempotencyMs);
    const row = this.#db.prepare("SELECT fingerprint, id FROM requests WHERE key = ?").get(key);
    return row === undefined ? undefined : { fingerprint: String(row["fingerprint"]), id: String(row["id"]) };
  }

  /** Keeps what it is now. It is untold until {@link Database.told}. */
  save(evaluation: Evaluation): void {
    this.#db
      .prepare(
        "UPDATE evaluations SET state = ?, started_ms = ?, ended_ms = ?, evaluation = ?, untold = 1 WHERE id = ?",
      )
      .run(
        evaluation.state,
        msOf(evaluation.startedAt),
        msOf(evaluation.endedAt),
        JSON.stringify(evaluation),
        evaluation.id,
      );
  }

  /** The channels have what is kept of it. */
  told(id: string): void {
    this.#db.prepare("UPDATE evaluations SET untold = 0 WHERE id = ?").run(id);
  }

  get(id: string): Stored | undefined {
    const row = this.#db.prepare("SELECT seq, evaluation, manifest FROM evaluations WHERE id = ?").get(id);
    return row === undefined ? undefined : storedOf(row);
  }

  /** Those that have not ended, and those that ended without the channels being told; oldest first. */
  unfinished(): readonly Stored[] {
    return this.#db
      .prepare(
        `SELECT seq, evaluation, manifest FROM evaluations WHERE state NOT IN (${ENDED}) OR untold = 1 ORDER BY seq`,
      )
      .all()
      .map(storedOf);
  }

  /** Newest first. */
  list({ state, kind, limit, before }: ListQuery): {
    readonly evaluations: readonly Evaluation[];
    readonly next?: string;
  } {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    if (state === "ended" || state === "going")
      conditions.push(`state ${state === "ended" ? "" : "NOT "}IN (${ENDED})`);
    else if (state !== undefined) {
      conditions.push("state = ?");
      values.push(state);
    }
    if (kind !== undefined) {
      conditions.push("kind = ?");
      values.push(kind);
    }
    if (before !== undefined) {
      conditions.push("seq < ?");
      values.push(Number(before));
    }
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const rows = this.#db
      .prepare(`SELECT seq, evaluation, manifest FROM evaluations ${where} ORDER BY seq DESC LIMIT ?`)
      .all(...values, limit + 1)
      .map(storedOf);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      evaluations: page.map(({ evaluation: { result: _, ...summary } }) => summary),
      ...(rows.length > limit && last !== undefined ? { next: String(last.seq) } : {}),
    };
  }

  count(): number {
    return Number(this.#db.prepare("SELECT count(*) AS count FROM evaluations").get()?.["count"]);
  }

  counts(): readonly { readonly kind: string; readonly state: State; readonly count: number }[] {
    return this.#db
      .prepare(
        "SELECT kind, state, count(*) AS count FROM evaluations GROUP BY kind, state ORDER BY kind, state",
      )
      .all()
      .map((row) => ({
        kind: String(row["kind"]),
        state: row["state"] as State,
        count: Number(row["count"]),
      }));
  }

  /** Alerts of all evaluations. */
  alerts(): Evaluation["alerts"] {
    const sum = (severity: string): string =>
      `coalesce(sum(json_extract(evaluation, '$.alerts.${severity}')), 0) AS ${severity}`;
    const row = this.#db
      .prepare(`SELECT ${["info", "warning", "critical"].map(sum).join(", ")} FROM evaluations`)
      .get();
    return {
      info: Number(row?.["info"]),
      warning: Number(row?.["warning"]),
      critical: Number(row?.["critical"]),
    };
  }

  endedSince(ms: number): number {
    return Number(
      this.#db.prepare("SELECT count(*) AS count FROM evaluations WHERE ended_ms >= ?").get(ms)?.["count"],
    );
  }

  /** How long the newest ended runs of a kind took, in milliseconds, shortest first. */
  durations(kind: string): readonly number[] {
    return this.#db
      .prepare(
        "SELECT ended_ms - started_ms AS ms FROM evaluations WHERE kind = ? AND ended_ms IS NOT NULL AND started_ms IS NOT NULL ORDER BY seq DESC LIMIT ?",
      )
      .all(kind, MAX_DURATIONS)
      .map((row) => Number(row["ms"]))
      .toSorted((a, b) => a - b);
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM evaluations WHERE id = ?").run(id);
  }

  close(): void {
    this.#db.close();
  }
}

function storedOf(row: Record<string, unknown>): Stored {
  return {
    seq: Number(row["seq"]),
    evaluation: JSON.parse(String(row["evaluation"])) as Evaluation,
    manifest: JSON.parse(String(row["manifest"])) as Manifest,
  };
}

function msOf(time: string | undefined): number | null {
  return time === undefined ? null : Date.parse(time);
}
