/** A page that is not seen has no frames: then it is this many milliseconds. */
const HIDDEN_MS = 250;

/** Calls `run` once before the next frame is drawn, however often it is asked to until then. */
export function onceAFrame(run: () => void): () => void {
  let isAsked = false;
  const now = (): void => {
    isAsked = false;
    run();
  };
  return () => {
    if (isAsked) return;
    isAsked = true;
    if (document.hidden) setTimeout(now, HIDDEN_MS);
    else requestAnimationFrame(now);
  };
}
