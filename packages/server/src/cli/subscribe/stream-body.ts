import { ask, type Server, UnreachableError } from "../api.ts";

/** Opens a streaming answer and gives its bytes as they come. */
export async function* streamBody(
  server: Server,
  path: string,
  accept: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const response = await ask(server, path, { headers: { accept }, signal });
  try {
    for await (const chunk of response.body ?? []) yield chunk;
  } catch (error) {
    throw new UnreachableError(server, error);
  }
}
