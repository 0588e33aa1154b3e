// A server that is read by clients of the SDK instead of bare sockets.

/**
 * @param {(options: object) => Promise<any>} start of a server of ours, or of one behind a proxy
 * @returns {(options: object) => Promise<any>}
 */
export function withClients(start) {
  return async (options) => {
    const server = await start(options);
    return {
      ...server,
      /** @param {string} transport */
      reader: (transport) => {
        const { host, port } = server.reader(transport);
        return { kind: "client", host, port, transport, channel: "bench/1" };
      },
    };
  };
}
