/** Does something once a lock is free, and holds it until the signal comes. */
export const hold = (name: string, signal: AbortSignal, then: () => void): void => {
  navigator.locks
    .request(
      name,
      { signal },
      () =>
        signal.aborted ||
        new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
          then();
        }),
    )
    .catch(() => {}); // given up
};
