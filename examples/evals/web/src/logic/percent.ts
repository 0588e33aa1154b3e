/** Of progress, whole per cent; 100 is said only of what is done. */
export function percentOf(done: number, total: number): number {
  if (!(total > 0)) return 0;
  const share = Math.floor((Math.max(0, done) / total) * 100);
  return Math.min(share, 100);
}
