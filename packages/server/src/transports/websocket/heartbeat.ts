import type { WebSocket } from "ws";

/**
 * Finds a peer that is gone without a word: a ping (RFC 6455 §5.5.2) must be answered in time. One whose socket is
 * full is slow, not dead: the ping would wait behind what it has not read, so none is sent. Nor can one that is not read
 * from show that it answers. Answers what to call once it has answered or is gone; `undefined` where no ping was sent.
 * `onSpared` is called where the time is over and it has become slow meanwhile: it is to be pinged again; `onSilent` before it is ended.
 */
export function ping(
  ws: WebSocket,
  output: { readonly isBlocked: boolean },
  pongTimeoutMs: number,
  { onSpared, onSilent }: { readonly onSpared: () => void; readonly onSilent: () => void },
): (() => void) | undefined {
  const isBlocked = (): boolean => output.isBlocked || ws.isPaused;
  if (isBlocked() || ws.readyState !== ws.OPEN) return undefined;
  ws.ping();
  const deadline = setTimeout(() => {
    if (isBlocked()) return onSpared();
    onSilent();
    ws.terminate();
  }, pongTimeoutMs);
  deadline.unref();
  return () => clearTimeout(deadline);
}
