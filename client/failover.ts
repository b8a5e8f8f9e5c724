// A connection to one of several servers that share a text: when its server goes away, it goes on at the next one. The letter
// that was not answered may or may not be in the text; it is never sent again.

import { type Address, formatAddress } from '../shared/address.js';
import { errorCode } from '../shared/errors.js';
import { type Connection, type ConnectOptions, connect } from './connection.js';

type Settings = Omit<ConnectOptions, 'host' | 'port'>;

export class FailoverConnection {
  readonly #servers: readonly Address[];
  readonly #settings: Settings;
  readonly #report: (line: string) => void;
  #current: number;
  #connection: Connection;

  /**
   * Connects to the first server that can be reached.
   * @param servers at least one; with one alone nothing is tried again
   * @param report is called with a line for each server that has gone away
   * @throws OperationalError when none can be reached
   */
  static async open(
    servers: readonly Address[],
    settings: Settings,
    report: (line: string) => void,
  ): Promise<FailoverConnection> {
    const { connection, index } = await connectFrom(0, servers, settings);
    return new FailoverConnection(servers, settings, report, connection, index);
  }

  private constructor(
    servers: readonly Address[],
    settings: Settings,
    report: (line: string) => void,
    connection: Connection,
    index: number,
  ) {
    this.#servers = servers;
    this.#settings = settings;
    this.#report = report;
    this.#connection = connection;
    this.#current = index;
  }

  /**
   * Sends a letter and waits for its reply.
   * @returns undefined when the server has gone away before the reply
   * @throws OperationalError when no server can be reached any more, or as `Connection.send`
   */
  async send(letter: string): Promise<string | undefined> {
    try {
      return await this.#connection.send(letter);
    } catch (error) {
      const gone = errorCode(error) === 'CLOSED' || errorCode(error) === 'LOST';
      if (!gone || this.#servers.length === 1) throw error;
      this.#connection.close();
      await this.#goOn(letter, error as Error);
      return undefined;
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #goOn(letter: string, { message }: Error): Promise<void> {
    const next = (this.#current + 1) % this.#servers.length;
    const { connection, index } = await connectFrom(next, this.#servers, this.#settings);
    this.#connection = connection;
    this.#current = index;
    const where = formatAddress(this.#servers[index] as Address);
    this.#report(`${message}; it is unknown whether ${letter} is in the text; connected to ${where}`);
  }
}

/** Tries all servers once, beginning with one of them. */
async function connectFrom(
  first: number,
  servers: readonly Address[],
  settings: Settings,
): Promise<{ readonly connection: Connection; readonly index: number }> {
  let failure: unknown;
  for (const tried of servers.keys()) {
    const index = (first + tried) % servers.length;
    try {
      return { connection: await connect({ ...servers[index], ...settings }), index };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
