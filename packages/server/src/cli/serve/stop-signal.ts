import { EXIT } from "../exit.ts";

/** Resolves with the first signal to stop; the second ends the process where it stands. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (code: number) => (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(code);
      isStopping = true;
      resolve(signal);
    };
    process.on("SIGINT", stop(EXIT.interrupted));
    process.on("SIGTERM", stop(EXIT.terminated));
  });
}
