import { createTidings, type Tidings } from "../../../src/tidings.ts";
import type { TidingsOptions } from "../../../src/create/options.ts";

export interface TestServer extends AsyncDisposable {
  readonly tidings: Tidings;
  readonly url: string;
}

/** A server with a log in memory, on a free port. */
export async function startServer(options: TidingsOptions = {}): Promise<TestServer> {
  const tidings = await createTidings({ log: "memory", ...options });
  const { url } = await tidings.listen({ port: 0 });
  return { tidings, url, [Symbol.asyncDispose]: () => tidings.close() };
}

/** Reads a stream's text until `isEnough`, and ends it. */
export async function readUntil(response: Response, isEnough: (text: string) => boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (isEnough(text)) return text;
  }
  throw new Error(`the stream ended too early: ${text}`);
}
