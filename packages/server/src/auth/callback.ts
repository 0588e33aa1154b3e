import { jsonFault, TidingsError } from "@tidings/protocol";
import { keyOfSecret, signatureHeaders } from "../commands/index.ts";
import type { Answer, Question, SayOptions } from "./say.ts";

/** The application's own say over HTTP, for a server that stands alone. */
export interface AuthCallback extends Omit<SayOptions, "ask"> {
  /** Where each question is sent by POST, as JSON: an http or https URL. */
  readonly url: string;
  /** Signs each request (Standard Webhooks): `whsec_…`, or `env:NAME` for the variable that holds it. Default: unsigned. */
  readonly secret?: string | undefined;
}

/** An answer is a few grants and facts. */
const MAX_ANSWER_BYTES = 65_536;

/** @throws {TidingsError} `CONFIG_INVALID` for a secret that cannot be used */
export function askOver({ url, secret, ...options }: AuthCallback): SayOptions {
  const key = secret === undefined ? undefined : keyOfSecret(secret, process.env);
  if (secret !== undefined && key === undefined) {
    throw new TidingsError(
      "CONFIG_INVALID",
      "the secret of auth.callback is not whsec_ and 16 to 128 bytes as base64, nor env: and a variable with one.",
    );
  }
  return {
    ...options,
    async ask(question: Question, signal: AbortSignal): Promise<Answer> {
      const body = new TextEncoder().encode(JSON.stringify(question));
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...signatureHeaders(key, body, Date.now()) },
        body,
        signal,
        // An answer from elsewhere is not the application's.
        redirect: "error",
      });
      // 403 is what many write who say no.
      if (response.status === 403) return { allow: false };
      if (!response.ok) throw new Error(`the callback answered ${response.status}`);
      return jsonOf(await textOf(response)) as Answer;
    },
  };
}

/** Its text is not told: it may hold what the application knows of somebody, and the fault is logged. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`the callback's answer is not JSON: ${jsonFault(error)}`);
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new Error(`the callback's answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}
