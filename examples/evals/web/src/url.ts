/** Replaces the query, which so can be sent to somebody, without going anywhere. */
export function rememberInUrl(name: string, value: string | undefined): void {
  const url = new URL(location.href);
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  history.replaceState(history.state, "", url);
}
