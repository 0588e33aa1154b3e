import { EXIT, Failure } from "../exit.ts";

/** @throws {Failure} where it cannot listen there, with what to do */
export async function listenOrSay<T>(
  { host, port }: { readonly host: string; readonly port: number },
  listen: (host: string, port: number) => Promise<T>,
): Promise<T> {
  try {
    return await listen(host, port);
  } catch (error) {
    const reason = LISTEN_FAULTS[(error as NodeJS.ErrnoException).code ?? ""];
    if (reason === undefined) throw error;
    throw new Failure(EXIT.failure, `cannot listen on ${host}, port ${port}: ${reason}`, error);
  }
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there; choose another --port, or 0 for any free one.",
  EACCES: "it may not be used without more rights; choose a --port above 1023.",
  EADDRNOTAVAIL: "this machine has no such address; choose another --host.",
  ENOTFOUND: "there is no host of that name; choose another --host.",
};
