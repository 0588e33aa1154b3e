import { Buffer } from "node:buffer";
import type { ArtifactReference, TidingsError } from "@tidings/protocol";
import type { Services } from "../../http/services.ts";

/** At most so often, in milliseconds: about four messages a second. */
const INTERVAL_MS = 250;

/**
 * Tells a channel how an upload goes: `progress` at its beginning, a few times a second and at its end, then `complete`
 * or `failed`. The messages' key is the artifact's id, so that a channel that keeps the newest of each key has one an
 * upload.
 */
export class Progress {
  readonly #services: Pick<Services, "publisher" | "logger">;
  readonly #channel: string;
  readonly #id: string;
  readonly #size: number | null;
  #toldMs = 0;
  #told = -1;
  /** The messages so far, one after the other. */
  #telling: Promise<void> = Promise.resolve();
  #isTelling = false;
  /** Tells what came too soon after the message before, should nothing come after it. */
  #later: NodeJS.Timeout | undefined;

  constructor(
    services: Pick<Services, "publisher" | "logger">,
    channel: string,
    id: string,
    size: number | undefined,
  ) {
    this.#services = services;
    this.#channel = channel;
    this.#id = id;
    this.#size = size ?? null;
  }

  /**
   * Tells where the upload begins.
   *
   * @throws {TidingsError} what the channel's policy says against it
   */
  async begin(received: number): Promise<void> {
    this.#told = received;
    await this.#publish("progress", this.#state(received));
    this.#toldMs = performance.now();
  }

  /** Tells how much there is, if it is time to. */
  report(received: number): void {
    const now = performance.now();
    clearTimeout(this.#later);
    const waitMs = this.#isTelling ? INTERVAL_MS : this.#toldMs + INTERVAL_MS - now;
    if (waitMs > 0) {
      this.#later = setTimeout(() => this.report(received), waitMs);
      return;
    }
    this.#toldMs = now;
    this.#tell("progress", received, this.#state(received));
  }

  /** Tells where it stands at the end of a request. */
  async pause(received: number): Promise<void> {
    clearTimeout(this.#later);
    if (received !== this.#told) this.#tell("progress", received, this.#state(received));
    await this.#telling;
  }

  async complete(reference: ArtifactReference): Promise<void> {
    await this.pause(reference.size);
    this.#tell("complete", reference.size, { artifact: this.#id, ...reference });
    await this.#telling;
  }

  async failed({ code, message }: TidingsError): Promise<void> {
    clearTimeout(this.#later);
    this.#tell("failed", this.#told, { artifact: this.#id, code, message });
    await this.#telling;
  }

  #state(received: number): object {
    return { artifact: this.#id, received, size: this.#size };
  }

  /** An upload goes on where its progress cannot be told. */
  #tell(event: string, received: number, data: object): void {
    this.#told = received;
    this.#isTelling = true;
    this.#telling = this.#telling
      .then(async () => this.#publish(event, data))
      .catch((error: unknown) =>
        this.#services.logger.warn({ err: error }, "an upload's progress was not told"),
      )
      .finally(() => (this.#isTelling = false));
  }

  async #publish(event: string, data: object): Promise<void> {
    const message = { event, key: this.#id, kind: "json" as const, data: Buffer.from(JSON.stringify(data)) };
    await this.#services.publisher.publish(this.#channel, [message]);
  }
}
