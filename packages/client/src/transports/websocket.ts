import { parseBinaryFrame, type StreamFrame } from "@tidings/protocol";
import type { Answer, RequestOptions, Transport, Wanted } from "../core/transport.ts";
import { blockedError, lostError, TidingsError } from "../errors.ts";
import { readFrame } from "./read-frame.ts";

/** The longest silence before a ping, in milliseconds: browsers hide the server's own. */
const MAX_PING_MS = 15_000;

interface Asked extends RequestOptions {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: TidingsError) => void;
}

/** A WebSocket of the subprotocol `tidings.v1`: all goes over it, both ways. */
export const webSocket: Transport = {
  name: "ws",
  isDuplex: true,
  open(context, channels, tell, ended) {
    const { url, options, tokens } = context;
    const asked = new Map<string, Asked>();
    /** By the id of each `subscribe`, its channel. */
    const reading = new Map<string, string>();
    let socket: WebSocket | undefined;
    let unsent: string[] | undefined = [];
    let isGreeted = false;
    let isOver = false;
    let ids = 0;
    let lastAtMs = 0;
    let timer: ReturnType<typeof setInterval> | undefined;

    const send = (type: string, frame: object): string => {
      const id = String(++ids);
      const text = JSON.stringify({ type, id, ...frame });
      if (unsent) unsent.push(text);
      else socket?.send(text);
      return id;
    };
    const change = (channel: string, wanted: Wanted | undefined, isRead?: boolean): void => {
      if (isRead) send("unsubscribe", { channel });
      if (wanted) reading.set(send("subscribe", { channel, ...wanted }), channel);
    };
    const close = (): void => {
      isOver = true;
      clearInterval(timer);
      for (const { reject } of asked.values()) reject(lostError());
      // Without a code: its members leave, and are not waited for.
      socket?.close();
    };
    const end = (error: TidingsError): void => {
      if (isOver) return;
      close();
      ended(error);
    };

    const take = (frame: StreamFrame & { readonly id?: string }): void => {
      const { id = "" } = frame;
      const each = asked.get(id);
      if (frame.type === "welcome") {
        isGreeted = true;
        const heartbeatMs = Math.min(MAX_PING_MS, frame.heartbeatMs);
        timer = setInterval(() => {
          if (Date.now() - lastAtMs >= heartbeatMs / 2) socket?.send('{"type":"ping"}');
        }, heartbeatMs / 2);
        tell({ ...frame, heartbeatMs });
      } else if (frame.type === "pong") tell({ type: "heartbeat" });
      else if (frame.type === "progress") each?.onProgress?.(frame.data);
      else if (!id) tell(frame);
      else if (reading.has(id)) {
        tell({ ...frame, channel: reading.get(id), id: undefined } as unknown as StreamFrame);
        reading.delete(id);
      } else if (frame.type === "error") {
        const { code, message, retryable, data = frame } = frame;
        each?.reject(new TidingsError(code, message, { retryable, data }));
      } else each?.resolve(frame as Answer);
      if (frame.type !== "progress") asked.delete(id);
    };

    const run = async (): Promise<void> => {
      const token = await tokens.get();
      if (isOver) return;
      const opening = (socket = new (options.WebSocket ?? WebSocket)(
        `${url.replace(/^http/, "ws")}/connect`,
        "tidings.v1",
      ));
      opening.binaryType = "arraybuffer";
      opening.onopen = () => {
        if (!opening.protocol) return end(blockedError());
        // Browsers send no headers with it.
        opening.send(JSON.stringify({ type: "hello", token, binary: options.binary }));
        for (const text of unsent ?? []) opening.send(text);
        unsent = undefined;
      };
      opening.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
        if (isOver) return;
        lastAtMs = Date.now();
        try {
          const frame =
            typeof data === "string" ? readFrame(context, data) : parseBinaryFrame(new Uint8Array(data));
          if (frame) take(frame);
        } catch (cause) {
          end(lostError(cause));
        }
      };
      // A socket that never opened has no close event everywhere.
      opening.onerror = () => unsent && end(blockedError("the WebSocket was refused."));
      opening.onclose = ({ code: status }) => {
        if (status === 4401) end(new TidingsError("UNAUTHENTICATED", "the token was refused.", { status }));
        else if (!isGreeted && status < 4000) end(blockedError("the WebSocket was refused."));
        else
          end(
            lostError(
              undefined,
              status,
              status < 1002 || /1005|1006|101.|4408|4429|4503/.test(String(status)),
            ),
          );
      };
    };
    for (const [channel, wanted] of channels) change(channel, wanted);
    run().catch((cause) =>
      end(cause instanceof TidingsError ? cause : blockedError("there is no WebSocket here.")),
    );

    return {
      change,
      close,
      request: ({ type, ...frame }, more) =>
        new Promise((resolve, reject) => {
          if (isOver) throw lostError();
          const id = send(type, frame);
          asked.set(id, { ...more, resolve, reject });
          more?.signal?.addEventListener("abort", () => {
            if (!asked.delete(id)) return;
            socket?.send(JSON.stringify({ type: "cancel", id }));
            reject(new TidingsError("ABORTED", "given up."));
          });
        }),
    };
  },
};
