import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { ApiError, CODES, StaleError } from "./faults.ts";

/** How many messages one pull brings: without their data, and with it. */
const PULL_HEADERS = 500;
const PULL_MESSAGES = 32;
/** A consumer that nobody asks any more is gone after this, in nanoseconds. */
const INACTIVE_NS = 30_000_000_000;

/** A message of the stream. Without its data where only headers were asked for. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  readonly header: (name: string) => string;
  readonly data: Uint8Array;
}

export interface ReadMessage extends StoredMessage {
  /** How many there are behind it. */
  readonly pending: number;
}

/** A place in a subject from which messages are read. */
export interface Consumer {
  readonly name: string;
  /** How many messages are left. */
  readonly pending: number;
  readonly batch: number;
}

export interface StreamSettings {
  readonly subjects: readonly string[];
  readonly republish: { readonly src: string; readonly dest: string };
  readonly replicas: number;
}

interface Info {
  readonly config: { readonly description?: string; readonly num_replicas: number };
  readonly state: { readonly last_seq: number; readonly subjects?: Readonly<Record<string, number>> };
  /** Of a server that is in a cluster. */
  readonly cluster?: { readonly leader?: string };
  readonly total?: number;
}

interface Stored {
  readonly message: {
    readonly seq: number;
    readonly subject: string;
    readonly hdrs?: string;
    readonly data?: string;
  };
}

/** One stream, by JetStream's API over a connection (NATS documentation, "JetStream wire API reference"). */
export class Stream {
  readonly name: string;
  readonly #connection: NatsConnection;
  readonly #timeoutMs: number;

  constructor(connection: NatsConnection, name: string, timeoutMs: number) {
    this.#connection = connection;
    this.name = name;
    this.#timeoutMs = timeoutMs;
  }

  /** Makes the stream where there is none. Answers its description, `life` of whoever made it, and whether several servers keep it. */
  async ensure(
    life: string,
    { subjects, republish, replicas }: StreamSettings,
  ): Promise<{ readonly life: string; readonly isReplicated: boolean }> {
    const found = ({ config }: Info): { readonly life: string; readonly isReplicated: boolean } => ({
      life: config.description ?? "",
      isReplicated: config.num_replicas > 1,
    });
    for (;;) {
      try {
        return found(await this.#call<Info>(`STREAM.INFO.${this.name}`));
      } catch (error) {
        if (!isCode(error, CODES.streamNotFound)) throw error;
      }
      try {
        const made = await this.#call<Info>(`STREAM.CREATE.${this.name}`, {
          name: this.name,
          description: life,
          subjects,
          retention: "limits",
          discard: "new",
          storage: "file",
          num_replicas: replicas,
          max_consumers: -1,
          max_msgs: -1,
          max_msgs_per_subject: -1,
          max_bytes: -1,
          max_age: 0,
          max_msg_size: -1,
          allow_direct: true,
          republish,
        });
        return found(made);
      } catch (error) {
        // Another node was first.
        if (!isCode(error, CODES.streamExists)) throw error;
      }
    }
  }

  /** Who leads the stream, and its newest sequence number: another text where anything of it may be another. */
  async state(): Promise<string> {
    const { state, cluster } = await this.#call<Info>(`STREAM.INFO.${this.name}`);
    return `${cluster?.leader ?? ""} ${state.last_seq}`;
  }

  /** All subjects that have messages. */
  async subjects(filter: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (;;) {
      const { state, total = 0 } = await this.#call<Info>(`STREAM.INFO.${this.name}`, {
        subjects_filter: filter,
        offset: found.length,
      });
      const page = Object.keys(state.subjects ?? {});
      found.push(...page);
      if (page.length === 0 || found.length >= total) return found;
    }
  }

  /**
   * Stores a message; answers its sequence number.
   *
   * @param expected the newest of its subject, 0 for none
   * @throws {StaleError} where it is another one; nothing was stored
   */
  async publish(
    subject: string,
    data: Uint8Array,
    more: { readonly header?: readonly [name: string, value: string]; readonly expected?: number } = {},
  ): Promise<number> {
    const head: MsgHdrs = headers();
    head.set("Nats-Expected-Stream", this.name);
    if (more.header !== undefined) head.set(...more.header);
    if (more.expected !== undefined) head.set("Nats-Expected-Last-Subject-Sequence", String(more.expected));
    const answer = await this.#connection.request(subject, data, {
      timeout: this.#timeoutMs,
      headers: head,
    });
    try {
      return this.#read<{ readonly seq: number }>(answer).seq;
    } catch (error) {
      if (isCode(error, CODES.wrongLastSequence)) throw new StaleError("another entry was first");
      throw error;
    }
  }

  /** The newest of a subject, as the stream's leader has it. */
  last(subject: string): Promise<StoredMessage | undefined> {
    return this.#get({ last_by_subj: subject });
  }

  /** The first of a subject from a sequence number on. */
  next(subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.#get({ seq: from, next_by_subj: subject });
  }

  /** One message, as the stream's leader has it. */
  held(seq: number): Promise<StoredMessage | undefined> {
    return this.#get({ seq });
  }

  /** One message, by any server that keeps the stream: it may be behind. */
  async get(seq: number): Promise<StoredMessage | undefined> {
    const answer = await this.#connection.request(
      `$JS.API.DIRECT.GET.${this.name}`,
      JSON.stringify({ seq }),
      { timeout: this.#timeoutMs },
    );
    const { headers: head } = answer;
    if (head === undefined || head.code !== 0) return undefined;
    return {
      seq,
      subject: head.get("Nats-Subject"),
      header: (name) => head.get(name),
      data: answer.data,
    };
  }

  /** Begins to read a subject from a sequence number on; it ends by itself when nobody pulls. */
  async consumer(subject: string, seq: number, isHeadersOnly: boolean): Promise<Consumer> {
    const { name, num_pending: pending } = await this.#call<{
      readonly name: string;
      readonly num_pending: number;
    }>(`CONSUMER.CREATE.${this.name}`, {
      stream_name: this.name,
      config: {
        ack_policy: "none",
        deliver_policy: "by_start_sequence",
        opt_start_seq: Math.max(1, seq),
        filter_subject: subject,
        replay_policy: "instant",
        headers_only: isHeadersOnly,
        inactive_threshold: INACTIVE_NS,
        mem_storage: true,
        num_replicas: 1,
      },
    });
    return { name, pending, batch: isHeadersOnly ? PULL_HEADERS : PULL_MESSAGES };
  }

  /** The next messages of a consumer, in order. */
  async pull({ name, pending, batch }: Consumer): Promise<readonly ReadMessage[]> {
    const inbox = createInbox();
    const asked = Math.min(pending, batch);
    const answers = this.#connection.subscribe(inbox, { max: asked, timeout: this.#timeoutMs });
    this.#connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${this.name}.${name}`,
      JSON.stringify({ batch: asked, no_wait: true }),
      { reply: inbox },
    );
    const read: ReadMessage[] = [];
    for await (const { headers: head, reply = "", subject, data } of answers) {
      // 404: there are no more; 408: those that are left were not for us.
      if (!reply.startsWith("$JS.ACK.")) break;
      read.push({ ...placeOf(reply), subject, header: (key) => head?.get(key) ?? "", data });
    }
    return read;
  }

  /** It would go by itself; this is sooner. */
  endConsumer({ name }: Consumer): void {
    this.#connection.publish(`$JS.API.CONSUMER.DELETE.${this.name}.${name}`);
  }

  /** Lets a subject's messages below a sequence number go. */
  async purge(subject: string, keepFrom: number): Promise<void> {
    await this.#call(`STREAM.PURGE.${this.name}`, { filter: subject, seq: keepFrom });
  }

  async #get(query: object): Promise<StoredMessage | undefined> {
    try {
      const { message } = await this.#call<Stored>(`STREAM.MSG.GET.${this.name}`, query);
      const head = Buffer.from(message.hdrs ?? "", "base64").toString("latin1");
      return {
        seq: message.seq,
        subject: message.subject,
        header: (name) => headerOf(head, name),
        data: Buffer.from(message.data ?? "", "base64"),
      };
    } catch (error) {
      if (isCode(error, CODES.noMessage)) return undefined;
      throw error;
    }
  }

  async #call<T>(what: string, body?: object): Promise<T> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#connection.request(`$JS.API.${what}`, payload, { timeout: this.#timeoutMs });
    return this.#read<T>(answer);
  }

  /** @throws {ApiError} */
  #read<T>(answer: Msg): T {
    const read = answer.json<
      T & { readonly error?: { err_code?: number; code: number; description: string } }
    >();
    const { error } = read;
    if (error !== undefined) throw new ApiError(error.err_code ?? error.code, error.description);
    return read;
  }
}

/** Of a consumer's message, by where its acknowledgement would go ("JetStream message headers and metadata"). */
function placeOf(reply: string): { readonly seq: number; readonly pending: number } {
  const words = reply.split(".");
  // Later servers name the domain and the account first.
  const from = words.length > 9 ? 7 : 5;
  return { seq: Number(words[from]), pending: Number(words[from + 3]) };
}

function headerOf(head: string, name: string): string {
  const start = head.indexOf(`\r\n${name}: `);
  if (start === -1) return "";
  const from = start + name.length + 4;
  return head.slice(from, head.indexOf("\r\n", from));
}

function isCode(error: unknown, code: number): boolean {
  return error instanceof ApiError && error.code === code;
}
