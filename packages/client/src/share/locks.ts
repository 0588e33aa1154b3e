/** Does something once a lock is free, and holds it for as long as that takes; unless the signal comes first. */
export function whenFree(name: string, signal: AbortSignal, then: () => unknown): void {
  navigator.locks.request(name, { signal }, () => signal.aborted || then()).catch(() => {}); // given up
}

export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener("abort", resolve));
}
