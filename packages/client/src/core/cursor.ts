/**
 * How far one position is ahead of another, in messages; `NaN` where they are of two lives of the log, or one is not known: no comparison with
 * that is true. `parseInt` stops at the `~` that a keyed channel's cursor may end with.
 */
export const ahead = (one = "", other = ""): number => {
  const [epoch, offset] = one.split(".");
  const [otherEpoch, otherOffset] = other.split(".");
  return epoch === otherEpoch ? parseInt(offset as string) - parseInt(otherOffset as string) : NaN;
};
