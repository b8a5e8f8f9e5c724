// A server that strcheck starts from a command, on a free port of loopback.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, formatAddress } from '../../shared/address.js';
import { listeningAddresses } from '../../shared/proc-sockets.js';
import { freePort } from '../free-port.js';
import { CheckFailure } from './check-failure.js';
import { CheckedServer, MAX_RESIDENT_MIB } from './checked-server.js';
import { IsolatedProcess } from './isolated-process.js';

/** How long the list of its processes is good for. */
const PIDS_MS = 500;
const POLL_INTERVAL_MS = 40;
const START_SECONDS = 5;
const START_DEADLINE_MS = 14_000;
/** Where clients on 127.0.0.1 reach a server; the last two are IPv4-mapped. */
const REACHABLE = ['127.0.0.1', '0.0.0.0', '[::]', '[::ffff:7f00:1]', '[::ffff:0:0]'];

export class StartedServer extends CheckedServer {
  readonly address: Address;
  readonly #command: readonly string[];
  readonly #cwd: string | undefined;
  readonly #process: IsolatedProcess;
  #listener: number | undefined;
  #pids: readonly number[] = [];
  #pidsAt = 0;

  private constructor(command: readonly string[], port: number, cwd: string | undefined) {
    super();
    this.address = { host: '127.0.0.1', port };
    this.#command = command;
    this.#cwd = cwd;
    const words = command.map((word) => word.replaceAll('{port}', String(port)));
    this.#process = new IsolatedProcess(words, cwd, () => this.touch());
    this.watch();
  }

  /**
   * Resolves when it listens, which is read from /proc: a connection would count as a client.
   * @throws StartFailure
   */
  static async start(command: readonly string[], cwd?: string): Promise<StartedServer> {
    try {
      return await StartedServer.#startOn(await freePort(), command, cwd);
    } catch (error) {
      if (!(error instanceof StartFailure && /in use|EADDRINUSE/i.test(error.output))) throw error;
      return StartedServer.#startOn(await freePort(), command, cwd); // another program has taken the port
    }
  }

  static async #startOn(port: number, command: readonly string[], cwd: string | undefined) {
    const server = new StartedServer(command, port, cwd);
    try {
      await server.#listening();
      return server;
    } catch (error) {
      await server.stop();
      throw error instanceof CheckFailure ? new StartFailure(error, server.output) : error;
    }
  }

  override get listener(): number | undefined {
    return this.#listener;
  }

  override get ended(): string | undefined {
    return this.#process.ended;
  }

  override get output(): string {
    return this.#process.output;
  }

  override pids(): readonly number[] {
    if (performance.now() - this.#pidsAt > PIDS_MS) {
      this.#pids = this.#process.pids();
      this.#pidsAt = performance.now();
    }
    return this.#pids;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name);
  }

  /** Resolves to whether all its processes have ended in time. */
  gone(withinMs: number): Promise<boolean> {
    return this.#process.gone(withinMs);
  }

  override async stop(): Promise<void> {
    this.unwatch();
    await this.#process.stop();
  }

  /**
   * Stops it and starts its command again on the same port.
   * @throws StartFailure
   */
  async again(): Promise<StartedServer> {
    await this.stop();
    return StartedServer.#startOn(this.address.port, this.#command, this.#cwd);
  }

  protected override onMemoryLimit(): void {
    this.#process.kill(`ended by strcheck: more than ${MAX_RESIDENT_MIB} MiB of memory`);
  }

  async #listening(): Promise<void> {
    const started = performance.now();
    const where = formatAddress(this.address);
    for (;;) {
      const pids = this.#process.pids();
      const addresses = listeningAddresses(pids);
      this.#listener = addresses.find(({ address }) => this.#reaches(address))?.pid;
      if (this.#listener !== undefined) return;
      if (this.ended !== undefined && pids.length === 0)
        throw new CheckFailure(`expected a server that listens on ${where}, got its end: ${this.ended}`);
      const elapsedMs = performance.now() - started;
      const ownSeconds = elapsedMs / 1000 - this.usage().queuedSeconds;
      if (elapsedMs > START_DEADLINE_MS || ownSeconds > START_SECONDS) {
        const found = addresses.map(({ address }) => address).join(' and ');
        const got = found === '' ? 'none' : `one on ${found}`;
        throw new CheckFailure(
          `expected a server that listens on ${where} within ${START_SECONDS} s, got ${got}`,
          {
            deadline: found === '' && ownSeconds <= START_SECONDS,
          },
        );
      }
      await sleep(POLL_INTERVAL_MS);
    }
  }

  #reaches(address: string): boolean {
    return REACHABLE.some((host) => address === `${host}:${this.address.port}`);
  }
}

/** It does not listen where it should. */
export class StartFailure extends CheckFailure {
  /** What the server has printed. */
  readonly output: string;

  constructor({ message, deadline }: CheckFailure, output: string) {
    super(message, { deadline });
    this.output = output;
  }
}
