import { ownPort } from "@tidings/fault-proxy";
import { NatsServer } from "./nats-server.ts";

/** Three nats-servers with JetStream as one. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];

  static async start(): Promise<NatsCluster> {
    const routes = await Promise.all([1, 2, 3].map(() => ownPort()));
    return new NatsCluster(
      await Promise.all(
        routes.map((routePort, at) => NatsServer.start({ member: { name: `s${at}`, routePort, routes } })),
      ),
    );
  }

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  get url(): `nats://${string}` {
    return `nats://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** @throws {Error} for a name that none has */
  server(name: string): NatsServer {
    const found = this.servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server of the cluster is called "${name}"`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
