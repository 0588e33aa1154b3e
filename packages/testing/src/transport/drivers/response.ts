import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as send,
} from "node:http";
import type { ErrorCode } from "@tidings/protocol";
import type { StreamEvent } from "../types.ts";

/** An answer whose head has come; its body is still to be read. */
export interface OpenResponse {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

/** Sends a GET, or with a body a POST, on a connection of its own where no agent is given, and waits for the answer's head. */
export async function openResponse(
  url: URL,
  headers: IncomingHttpHeaders,
  { agent, body }: { readonly agent?: Agent; readonly body?: string | undefined } = {},
): Promise<OpenResponse> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const request = send(url, { method, headers, agent: agent ?? false }, (response) => {
      // What is cut by either side just ends.
      response.on("error", () => undefined);
      request.on("error", () => undefined);
      resolve({ request, response });
    });
    request.once("error", reject);
    request.end(body);
  });
}

export async function readText(response: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** What a problem document says (RFC 9457). */
export function refusal(status: number, body: string): StreamEvent {
  const { code } = JSON.parse(body) as { code: ErrorCode };
  return { type: "error", code, status };
}
