import { randomBytes } from "node:crypto";
import { inboxOf, type Letter, MAX_FRAME_CHARS } from "./frames.ts";

/** How long the others have for an answer, in milliseconds. */
const CALL_MS = 2_000;
/** Characters of an answer. */
const MAX_ANSWER_CHARS = 4_194_304;
/** Calls of this node that wait for an answer; and what it is asked by others at once. */
const MAX_CALLS = 1_000;

/** Answers what another node asks, with something that has a JSON form, or a promise of it. */
export type Answerer = (params: unknown) => unknown;

export type Answer =
  | { readonly node: string; readonly value: unknown }
  /** It gave none: `why` for people. */
  | { readonly node: string; readonly missing: string };

interface Waiting {
  readonly node: string;
  readonly settle: (answer: Answer) => void;
  text: string;
  parts: number;
}

export interface CallsOptions {
  readonly node: string;
  readonly send: (channel: string, json: string) => Promise<void>;
  readonly schedule: (ms: number, callback: () => void) => () => void;
}

/** Questions to other nodes, each answered within {@link CALL_MS} or missing. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #answerers = new Map<string, Answerer>();
  readonly #waiting = new Map<string, Waiting>();
  #answering = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Has a method answered. */
  on(method: string, answerer: Answerer): void {
    this.#answerers.set(method, answerer);
  }

  /** Asks a node. Never rejects. */
  ask(node: string, method: string, params: unknown): Promise<Answer> {
    if (this.#waiting.size >= MAX_CALLS)
      return Promise.resolve({ node, missing: `${MAX_CALLS} questions wait for an answer` });
    const call = randomBytes(12).toString("base64url");
    return new Promise((resolve) => {
      const cancel = this.#options.schedule(CALL_MS, () =>
        settle({ node, missing: `gave no answer within ${CALL_MS} ms` }),
      );
      const settle = (answer: Answer): void => {
        cancel();
        this.#waiting.delete(call);
        resolve(answer);
      };
      this.#waiting.set(call, { node, settle, text: "", parts: 0 });
      this.#send(node, { type: "call", node: this.#options.node, call, method, params }).catch(() =>
        settle({ node, missing: "could not be asked: the log does not answer" }),
      );
    });
  }

  /** Takes what came into the inbox. */
  hear(letter: Letter): void {
    if (letter.type === "call") {
      void this.#answer(letter.node, letter.call, letter.method, letter.params);
      return;
    }
    const { node, call } = letter;
    const waiting = this.#waiting.get(call);
    if (waiting === undefined || waiting.node !== node) return;
    if (letter.type === "fault") return waiting.settle({ node, missing: letter.message });
    const { part, isLast, text } = letter;
    if (part !== waiting.parts++ || waiting.text.length + text.length > MAX_ANSWER_CHARS)
      return waiting.settle({ node, missing: "a part of its answer was lost" });
    waiting.text += text;
    if (isLast) waiting.settle(parsed(node, waiting.text));
  }

  /** Nobody answers any more. */
  close(): void {
    for (const { node, settle } of this.#waiting.values()) settle({ node, missing: "this node goes down" });
  }

  /** Never rejects: who asked waits no longer than {@link CALL_MS}. */
  async #answer(to: string, call: string, method: string, params: unknown): Promise<void> {
    const { node } = this.#options;
    this.#answering++;
    try {
      const answerer = this.#answerers.get(method);
      if (answerer === undefined) throw new Error("is of another version, and does not know the question");
      if (this.#answering > MAX_CALLS) throw new Error(`is asked ${MAX_CALLS} questions at once`);
      const text = JSON.stringify((await answerer(params)) ?? null);
      if (text.length > MAX_ANSWER_CHARS)
        throw new Error(`has an answer of more than ${MAX_ANSWER_CHARS} characters`);
      for (let at = 0, part = 0; at === 0 || at < text.length; at += MAX_FRAME_CHARS, part++) {
        const isLast = at + MAX_FRAME_CHARS >= text.length;
        await this.#send(to, {
          type: "answer",
          node,
          call,
          part,
          isLast,
          text: text.slice(at, at + MAX_FRAME_CHARS),
        });
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await this.#send(to, { type: "fault", node, call, message: message.slice(0, 300) }).catch(
        () => undefined,
      );
    } finally {
      this.#answering--;
    }
  }

  #send(to: string, letter: Letter): Promise<void> {
    return this.#options.send(inboxOf(to), JSON.stringify(letter));
  }
}

function parsed(node: string, text: string): Answer {
  try {
    return { node, value: JSON.parse(text) as unknown };
  } catch {
    return { node, missing: "a part of its answer was lost" };
  }
}
