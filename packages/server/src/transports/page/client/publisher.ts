import { announce, byId } from "./dom.ts";
import { problemOf } from "./problem.ts";

/** The box that publishes to the channel. */
export class Publisher {
  readonly #url: string;
  readonly #box = byId("publisher");
  readonly #opener = byId("open-publisher");
  readonly #form = byId<HTMLFormElement>("publish-form");
  readonly #event = byId<HTMLInputElement>("publish-event");
  readonly #kind = byId<HTMLSelectElement>("publish-kind");
  readonly #data = byId<HTMLTextAreaElement>("publish-data");
  readonly #button = byId<HTMLButtonElement>("publish-send");
  readonly #outcome = byId("publish-outcome");
  /** Stays the same until the message changes or is in: pressing again after a lost answer publishes once. */
  #idempotencyKey = newKey();

  constructor(url: string) {
    this.#url = url;
    this.#opener.addEventListener("click", () => this.toggle());
    byId("close-publisher").addEventListener("click", () => this.toggle(false));
    this.#form.addEventListener("input", () => (this.#idempotencyKey = newKey()));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#publish();
    });
    this.#data.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
  }

  toggle(asked?: boolean): void {
    const open = asked ?? this.#box.hidden !== false;
    this.#box.hidden = !open;
    this.#opener.setAttribute("aria-expanded", String(open));
    (open ? this.#data : this.#opener).focus();
  }

  async #publish(): Promise<void> {
    const isJson = this.#kind.value === "json";
    const fault = isJson ? jsonFault(this.#data.value) : undefined;
    if (fault !== undefined) return this.#tell(`This is not JSON: ${fault}`, false);
    this.#button.disabled = true;
    try {
      const response = await fetch(`${this.#url}${this.#query()}`, {
        method: "POST",
        headers: {
          "content-type": isJson ? "application/json" : "text/plain; charset=utf-8",
          "idempotency-key": this.#idempotencyKey,
        },
        body: this.#data.value,
        signal: AbortSignal.timeout(20_000),
      });
      await this.#answered(response);
    } catch {
      this.#tell(
        "The server did not answer. Press Publish again: a message that did arrive is not published twice.",
        false,
      );
    } finally {
      this.#button.disabled = false;
    }
  }

  async #answered(response: Response): Promise<void> {
    if (!response.ok) {
      const { title, detail, code } = await problemOf(response);
      return this.#tell(`${title}. ${detail}${code === undefined ? "" : ` (${code})`}`, false);
    }
    const { cursor } = (await response.json()) as { cursor?: string };
    this.#idempotencyKey = newKey();
    this.#tell(cursor === undefined ? "Published." : `Published at ${cursor}.`, true);
    this.#data.select();
  }

  #query(): string {
    const event = this.#event.value.trim();
    return event === "" ? "" : `?${new URLSearchParams({ event })}`;
  }

  #tell(text: string, isGood: boolean): void {
    this.#outcome.textContent = text;
    this.#outcome.classList.toggle("bad", !isGood);
    announce(text);
  }
}

function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Not `randomUUID`: that is absent on a page that is neither HTTPS nor on localhost. */
function newKey(): string {
  return `page-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("")}`;
}
