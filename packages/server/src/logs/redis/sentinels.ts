import type { HostPort } from "../redis-url.ts";
import { Connection } from "./connection.ts";
import type { CheckedOptions } from "./options.ts";

/** What sentinels say of their master. One of them is asked, on a connection that is kept for as long as it answers. */
export class Sentinels {
  readonly #options: CheckedOptions;
  #connection: Connection | undefined;
  #isClosed = false;

  constructor(options: CheckedOptions) {
    this.#options = options;
  }

  /**
   * Where the master is, by what the one says that was asked last, or the first that answers.
   *
   * @throws {Error} when none does, or the last one knows no such master
   */
  async master(): Promise<HostPort> {
    let failure: unknown;
    if (this.#connection !== undefined) {
      try {
        return await this.#ask(this.#connection);
      } catch (error) {
        failure = error;
      }
    }
    const { address, timeoutMs, ca } = this.#options;
    // Sentinels have no databases.
    const own = { ...address, database: 0 };
    for (const at of address.hosts) {
      try {
        const asked = await Connection.open({ address: own, at, timeoutMs, ca, onNote: () => undefined });
        this.#keep(asked.connection);
        return await this.#ask(asked.connection);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  close(): void {
    this.#isClosed = true;
    this.#keep(undefined);
  }

  async #ask(connection: Connection): Promise<HostPort> {
    const { masterName } = this.#options.address;
    try {
      const reply = await connection.call(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]);
      if (!Array.isArray(reply)) throw new Error(`no sentinel knows a master "${masterName}"`);
      return { host: String(reply[0]), port: Number(String(reply[1])) };
    } catch (error) {
      if (this.#connection === connection) this.#keep(undefined);
      throw error;
    }
  }

  #keep(connection: Connection | undefined): void {
    this.#connection?.end("another one is asked");
    this.#connection = connection;
    if (this.#isClosed) this.#connection?.end("the log is closed");
  }
}
