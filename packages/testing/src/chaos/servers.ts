/** Where clients find a server, again after each loss of it: one server, several in turn, or what stands before them. */
export interface Servers {
  /** The URL to go to now; resolves as soon as there is a server that is up. */
  next(): Promise<string>;
}
