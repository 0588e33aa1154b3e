import type { StreamFrame } from "@tidings/protocol";
import { type Fault, faultOf } from "../core/http.ts";
import type { Answer, Transport, Wanted } from "../core/transport.ts";
import { blockedError, lostError, TidingsError } from "../errors.ts";
import { makeTransport } from "./make-transport.ts";

/** The longest silence before a ping, in milliseconds: browsers hide the server's own. */
const MAX_PING_MS = 15_000;

/** What answers a frame with an id: a frame, or the error that the connection ended with. */
type Answered = Fault & { readonly type?: string; readonly channel?: string };

/** A WebSocket of the subprotocol `tidings.v1`: all goes over it, both ways. */
export const webSocket: Transport = makeTransport(
  "ws",
  ({ url, options, tokens }, channels, over, end, read, tell) => {
    /** By the id of each request, who takes its answers. */
    const waiting = new Map<string, (answer: Answered) => unknown>();
    let socket: WebSocket | undefined;
    let unsent: string[] | undefined = [];
    /** Whether nothing has come since the pings' timer looked. */
    let isQuiet = true;
    let ids = 0;
    /** There once it has greeted. */
    let timer: ReturnType<typeof setInterval> | undefined;

    const send = (frame: object, take?: (answer: Answered) => unknown): string => {
      const id = String(++ids);
      const text = JSON.stringify({ id, ...frame });
      if (take) waiting.set(id, take);
      if (unsent) unsent.push(text);
      else socket?.send(text);
      return id;
    };
    const change = (channel: string, wanted: Wanted | undefined, isRead?: boolean): void => {
      if (isRead) send({ type: "unsubscribe", channel });
      if (wanted)
        send(
          { type: "subscribe", channel, ...wanted },
          (frame) => over.aborted || tell({ ...frame, channel } as StreamFrame),
        );
    };
    over.onabort = () => {
      clearInterval(timer);
      for (const take of waiting.values()) take(lostError());
      // Without a code: its members leave, and are not waited for.
      socket?.close();
    };

    const take = (frame: StreamFrame & { readonly id?: string }): void => {
      const { type, id } = frame;
      if (id) {
        waiting.get(id)?.(frame as Answered);
        if (type !== "progress") waiting.delete(id);
        return;
      }
      if (type === "welcome") {
        const heartbeatMs = Math.min(MAX_PING_MS, frame.heartbeatMs);
        timer = setInterval(() => {
          // Without an id: it is nothing that is owed an answer.
          if (isQuiet) send({ type: "ping", id: undefined });
          isQuiet = true;
        }, heartbeatMs / 2);
        frame = { ...frame, heartbeatMs };
      }
      tell(frame);
    };

    const run = (token: string | undefined): void => {
      if (over.aborted) return;
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
        isQuiet = false;
        try {
          if (typeof data === "string") read(data, take);
          else if (!over.aborted) take(readBinary(data));
        } catch (cause) {
          end(cause);
        }
      };
      // A socket that never opened has no close event everywhere.
      opening.onerror = () => unsent && end(blockedError());
      opening.onclose = ({ code: status }) => {
        if (status === 4401) end(new TidingsError("UNAUTHENTICATED", "the token was refused.", { status }));
        else if (!timer && status < 4000) end(blockedError());
        else end(lostError(undefined, status));
      };
    };
    for (const [channel, wanted] of channels) change(channel, wanted);
    tokens
      .get()
      .then(run, end)
      // There is no WebSocket here.
      .catch(() => end(blockedError()));

    return {
      change,
      owed: () => waiting.size,
      request: (frame, { onProgress, signal } = {}) =>
        new Promise((resolve, reject) => {
          if (over.aborted) throw lostError();
          const id = send(frame, (answer) => {
            if (answer.type === "ok") resolve(answer as Answer);
            else if (answer.type === "progress") onProgress?.(answer.data);
            else reject(answer instanceof Error ? answer : faultOf(answer));
          });
          signal?.addEventListener("abort", () => {
            if (!waiting.delete(id)) return;
            send({ type: "cancel", id });
            reject(new TidingsError("ABORTED", "given up."));
          });
        }),
    };
  },
  true,
);

/** A binary frame: the length of its head, the head as JSON, and the payload. */
const readBinary = (frame: ArrayBuffer): StreamFrame => {
  const from = 4 + new DataView(frame).getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(frame.slice(4, from)));
  return { ...head, data: new Uint8Array(frame, from) };
};
