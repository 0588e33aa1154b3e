/** `value`, but not below `low` and not above `high`. */
export function clamp(value, low, high) {
  return Math.max(Math.min(value, low), high);
}
