/** Whether an address to listen on can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$/.test(host);
}
