import { type IncomingHttpHeaders, request } from "node:http";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Where a stream is left: once this is in it. */
  readonly until?: readonly string[] | undefined;
  /** Told all the text there is, whenever there is more. */
  readonly onText?: (text: string) => void;
  /** Leaves it. */
  readonly signal?: AbortSignal;
  /** Whether a stream is held open then, until its `end`. */
  readonly isKept?: boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  end(): void;
}

/** Sends a request, and reads its answer to its end, or of a stream until what was looked for is there. */
export async function ask(url: string, asked: Asked): Promise<Answered> {
  const { method, path, headers = {}, body, until = [], isKept = false, onText, signal } = asked;
  return new Promise((resolve, reject) => {
    const end = (): void => void sent.destroy();
    // Said: with some methods the client sends no length by itself.
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const all = { ...headers, ...length };
    const sent = request(
      `${url}${path}`,
      { method, headers: all, agent: false, ...(signal && { signal }) },
      (response) => {
        let text = "";
        const finish = (): void => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, end });
          if (!isKept) end();
        };
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
          onText?.(text);
          if (until.some((each) => text.includes(each))) finish();
        });
        response.on("end", finish);
        // Left by ourselves, or by a server that went away: the answer is there by then.
        response.on("error", () => undefined);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
