import { SseDecoder } from "@tidings/protocol";

/**
 * An `EventSource` (WHATWG HTML §9.2.2) for Node.js, which has none: what the transport uses of it. In a browser the
 * transport runs on the real one.
 */
class TestEventSource extends EventTarget {
  /** Those that are open. */
  static readonly open = new Set<TestEventSource>();
  readonly url: string;
  readonly withCredentials: boolean;
  readyState = 0;
  onmessage: ((event: MessageEvent<string>) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  readonly #abort = new AbortController();

  constructor(url: string, { withCredentials = false } = {}) {
    super();
    this.url = url;
    this.withCredentials = withCredentials;
    TestEventSource.open.add(this);
    this.addEventListener("message", (event) => this.onmessage?.(event as MessageEvent<string>));
    this.addEventListener("error", (event) => this.onerror?.(event));
    void this.#run();
  }

  close(): void {
    this.readyState = 2;
    this.#abort.abort();
    TestEventSource.open.delete(this);
  }

  async #run(): Promise<void> {
    try {
      const response = await fetch(this.url, {
        headers: { accept: "text/event-stream" },
        signal: this.#abort.signal,
      });
      const type = response.headers.get("content-type") ?? "";
      if (response.status !== 200 || !type.startsWith("text/event-stream") || response.body === null) {
        this.close();
        this.dispatchEvent(new Event("error"));
        return;
      }
      this.readyState = 1;
      const decoder = new SseDecoder({
        event: ({ event, data }) => {
          if (this.readyState !== 2) this.dispatchEvent(new MessageEvent(event, { data }));
        },
      });
      for await (const bytes of response.body) decoder.push(bytes);
    } catch {
      // as an end
    }
    if (this.readyState === 2) return;
    this.readyState = 0;
    this.dispatchEvent(new Event("error"));
  }
}

export function installEventSource(): void {
  globalThis.EventSource = TestEventSource as unknown as typeof EventSource;
}
