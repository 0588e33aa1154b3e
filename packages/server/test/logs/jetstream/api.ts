import { connect } from "@nats-io/transport-node";
import type { NatsServer } from "@tidings/testing";
import { expect } from "vitest";

/** Asks JetStream for something, as an operator would. */
export async function api(server: NatsServer, what: string, body: object = {}): Promise<unknown> {
  const connection = await connect({ servers: server.url });
  const answer = await connection.request(`$JS.API.${what}`, JSON.stringify(body));
  await connection.close();
  expect(answer.json()).not.toHaveProperty("error");
  return answer.json();
}

/** How many messages a stream has on each subject. */
export async function subjectsOf(
  server: NatsServer,
  stream: string,
): Promise<Readonly<Record<string, number>>> {
  const info = (await api(server, `STREAM.INFO.${stream}`, { subjects_filter: ">" })) as {
    readonly state: { readonly subjects?: Readonly<Record<string, number>> };
  };
  return info.state.subjects ?? {};
}
