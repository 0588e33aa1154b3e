import { once } from "node:events";
import type { Answer, Connection } from "../../src/core/transport.ts";
import { TidingsError } from "../../src/errors.ts";

/** A WebSocket to a server, as plain as can be: what the link's would be. */
export interface Socket extends Required<Connection>, AsyncDisposable {
  /** Ends it, and waits for that. */
  readonly end: () => Promise<void>;
  /** What was sent, in order. */
  readonly sent: readonly { readonly type: string; readonly [member: string]: unknown }[];
}

export async function openSocket(url: string): Promise<Socket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/connect`, "tidings.v1");
  const open = new Map<
    string,
    { resolve(answer: Answer): void; reject(error: Error): void; progress(data: unknown): void }
  >();
  const sent: { type: string }[] = [];
  let ids = 0;
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(String(data)) as {
      readonly type: string;
      readonly id?: string;
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      readonly data?: unknown;
    };
    const asked = open.get(frame.id ?? "");
    if (frame.type === "progress") asked?.progress(frame.data);
    else if (frame.type === "ok") asked?.resolve(frame as Answer);
    else if (frame.type === "error") asked?.reject(new TidingsError(frame.code, frame.message, frame));
  });
  const lost = (): void => {
    for (const one of open.values())
      one.reject(new TidingsError("CONNECTION_LOST", "the socket closed.", { retryable: true }));
  };
  socket.addEventListener("close", lost);
  await once(socket, "open");
  const close = async (): Promise<void> => {
    if (socket.readyState === WebSocket.CLOSED) return;
    socket.close();
    await once(socket, "close");
  };
  return {
    sent,
    request: (frame, options) =>
      new Promise((resolve, reject) => {
        const id = String(++ids);
        open.set(id, { resolve, reject, progress: (data) => options?.onProgress?.(data) });
        sent.push(frame);
        const { member: _, ...own } = frame as { readonly type: string; readonly member?: string };
        const json = JSON.stringify({ id, ...(frame.type === "join" ? frame : own) });
        options?.signal?.addEventListener("abort", () => {
          socket.send(JSON.stringify({ type: "cancel", id }));
          reject(new TidingsError("ABORTED", "given up."));
        });
        if (socket.readyState === WebSocket.OPEN) socket.send(json);
        else lost();
      }),
    end: close,
    close: () => socket.close(),
    change: () => undefined,
    hold: () => undefined,
    owed: () => open.size,
    [Symbol.asyncDispose]: close,
  };
}
