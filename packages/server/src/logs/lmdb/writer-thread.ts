/** The thread that writes the store: it carries out one script after the other and says how each went. */
import { TidingsError } from "@tidings/protocol";
import { parentPort, workerData } from "node:worker_threads";
import { HEARTBEAT_MS } from "./owner.ts";
import { StoreWriter, type StoreWriterOptions } from "./store-writer.ts";
import { type Answer, type Fault, type Request } from "./writer.ts";

const port = parentPort;
if (port === null) throw new Error("writer-thread is to be started as a thread");
let writer: StoreWriter | undefined;

function answer(message: Answer, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

/** An error loses its class and code on its way to another thread, so what counts is taken along by name. */
function faultOf(error: unknown): Fault {
  if (error instanceof TidingsError) return { tidings: error.code, message: error.message };
  const { code, message } = error as { readonly code?: string | number; readonly message: string };
  return code === undefined ? { message } : { code, message };
}

async function close(): Promise<void> {
  clearInterval(heartbeat);
  await writer?.close();
  answer({ type: "closed" });
  port?.close();
}

port.on("message", (request: Request) => {
  if (request.type === "close") {
    void close();
    return;
  }
  const { memory, length, isGrowing } = request;
  try {
    const began = performance.now();
    writer?.apply(memory, length, isGrowing);
    answer({ type: "done", memory, tookMs: performance.now() - began }, [memory]);
  } catch (error) {
    answer({ type: "failed", memory, fault: faultOf(error) }, [memory]);
  }
});

const heartbeat: NodeJS.Timeout = setInterval(() => writer?.beat(), HEARTBEAT_MS);
try {
  writer = new StoreWriter(workerData as StoreWriterOptions);
  answer({ type: "open" });
} catch (error) {
  clearInterval(heartbeat);
  answer({ type: "failed", memory: undefined, fault: faultOf(error) });
  port.close();
}
