import { request } from "node:http";
import { readText } from "./drivers/response.ts";

/** A body: text, or bytes. */
export type Body = string | Uint8Array;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The text as JSON; fails where it is none. */
  json(): unknown;
}

/**
 * Sends a request on a connection of its own: one out of a pool might have been closed by a server that was restarted,
 * without the client having noticed.
 */
export async function send(
  url: string | URL,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: Readonly<Record<string, string>>; body?: Body } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      readText(response).then((text) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as unknown,
        });
      }, reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
