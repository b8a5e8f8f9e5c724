// The server under test: started from a command in a session of its own, or running already. Owns its limits (resident
// memory, kept output), its end, and the answer to one question: will this server still do something, or does it wait?

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, formatAddress } from '../../shared/address.js';
import { describeView, findListener, kernelView } from '../../shared/kernel-view.js';
import { freePort } from '../free-port.js';
import { CheckFailure } from './check-failure.js';
import {
  allAsleep,
  allProcesses,
  MARK,
  markedProcesses,
  residentMiB,
  sessionProcesses,
  type Usage,
  usageOf,
} from './server-processes.js';

const LOOK_MS = 100;
/** How long the list of its processes is good for. */
const PIDS_MS = 500;
/** After this number of consecutive looks asleep, while a client waits, the server waits for something else. */
const IDLE_LOOKS = 15;
const START_LOOK_MS = 40;
const START_SECONDS = 5;
const START_DEADLINE_MS = 14_000;
const KILL_AFTER_MS = 2_000;
const MAX_RESIDENT_MIB = 2_048;
const KEPT_OUTPUT = 30_000;
/** All that a server gets of our environment: no secrets. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'JAVA_HOME', 'GOPATH', 'GOCACHE'];

const living = new Set<StartedServer>();
process.on('exit', () => {
  for (const server of living) server.kill();
});

/** How strcheck finds the server. */
export type Target =
  | { readonly command: readonly string[]; readonly cwd?: string }
  | { readonly address: Address };

export abstract class CheckedServer {
  abstract readonly address: Address;
  /** Whether the server has ended, and how. */
  abstract readonly ended: string | undefined;
  /** The end of what it has printed. */
  abstract readonly output: string;
  #looks = 0;
  #watch: NodeJS.Timeout | undefined;

  /** Its processes; none if they cannot be seen. */
  abstract pids(): readonly number[];

  /** The process that listens; undefined if it cannot be seen. */
  abstract readonly listener: number | undefined;

  /** Whether all its threads were asleep in all looks of the last 1.5 s. */
  get idle(): boolean {
    return this.#looks >= IDLE_LOOKS;
  }

  /** Whether all its threads sleep at the moment. */
  get resting(): boolean {
    return this.#looks >= 2;
  }

  get residentMiB(): number {
    return residentMiB(this.pids());
  }

  usage(): Usage {
    return usageOf(this.pids());
  }

  /** The kernel's view of it, in one line. */
  describe(clientName: (peerPort: number) => string): string | undefined {
    const pid = this.listener;
    return pid === undefined ? undefined : describeView(kernelView(pid, this.address.port), clientName);
  }

  /** Unread and unsent bytes of a client's connection; undefined if it cannot be seen. */
  connection(peerPort: number) {
    const view = kernelView(this.listener ?? 0, this.address.port);
    return view.available ? view.connections.find((one) => one.peerPort === peerPort) : undefined;
  }

  /** Restarts the count of looks, after an event. */
  touch(): void {
    this.#looks = 0;
  }

  protected watch(): void {
    this.#watch = setInterval(() => {
      const pids = this.pids();
      this.#looks = allAsleep(pids) ? this.#looks + 1 : 0;
      if (residentMiB(pids) > MAX_RESIDENT_MIB) this.onMemoryLimit();
    }, LOOK_MS).unref();
  }

  protected unwatch(): void {
    clearInterval(this.#watch);
  }

  protected onMemoryLimit(): void {}

  abstract stop(): Promise<void>;
}

/** A server that runs already. It is not ours to end. */
export class RunningServer extends CheckedServer {
  readonly address: Address;
  readonly ended = undefined;
  readonly output = '';
  readonly listener: number | undefined;

  constructor(address: Address) {
    super();
    this.address = address;
    this.listener = findListener(address.port, allProcesses());
    this.watch();
  }

  override pids(): readonly number[] {
    return this.listener === undefined ? [] : [this.listener];
  }

  override async stop(): Promise<void> {
    this.unwatch();
  }
}

/** A server of our own, on a free port of loopback. */
export class StartedServer extends CheckedServer {
  readonly address: Address;
  readonly #command: readonly string[];
  readonly #cwd: string | undefined;
  readonly #child: ChildProcess;
  readonly #mark = randomUUID();
  readonly #exited: Promise<void>;
  #listener: number | undefined;
  #ended: string | undefined;
  #output = '';
  #pids: readonly number[] = [];
  #pidsAt = 0;

  private constructor(command: readonly string[], port: number, cwd: string | undefined) {
    super();
    this.address = { host: '127.0.0.1', port };
    this.#command = command;
    this.#cwd = cwd;
    const [program = '', ...args] = command.map((word) => word.replaceAll('{port}', String(port)));
    const passedOn = PASSED_ON.flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    );
    this.#child = spawn(program, args, {
      detached: true, // a session of its own
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(passedOn), [MARK]: this.#mark, PYTHONDONTWRITEBYTECODE: '1' },
      ...(cwd !== undefined && { cwd }),
    });
    living.add(this);
    const keep = (chunk: Buffer) => {
      this.#output = `${this.#output}${chunk.subarray(-KEPT_OUTPUT).toString()}`.slice(-KEPT_OUTPUT);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.#ended ??= how;
        resolve();
      };
      this.#child.on('error', ({ message }) => end(message));
      this.#child.on('exit', (status, signal) =>
        end(signal === null ? `exit status ${status}` : `ended by ${signal}`),
      );
    });
    this.watch();
  }

  /**
   * Resolves when it listens, which is read from /proc: a connection would count as a client.
   * @throws CheckFailure
   */
  static async start(command: readonly string[], cwd?: string): Promise<StartedServer> {
    try {
      return await StartedServer.#startOn(await freePort(), command, cwd);
    } catch {
      return StartedServer.#startOn(await freePort(), command, cwd); // another program may have taken the port
    }
  }

  static async #startOn(port: number, command: readonly string[], cwd: string | undefined) {
    const server = new StartedServer(command, port, cwd);
    try {
      await server.#listening();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  override get listener(): number | undefined {
    return this.#listener;
  }

  override get ended(): string | undefined {
    return this.#ended;
  }

  override get output(): string {
    return this.#output;
  }

  override pids(): readonly number[] {
    if (performance.now() - this.#pidsAt > PIDS_MS) {
      this.#pids = sessionProcesses(this.#child.pid ?? -1);
      this.#pidsAt = performance.now();
    }
    return this.#pids;
  }

  signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {} // all have ended
  }

  /** Ends all its processes at once, also those that have left its session. */
  kill(): void {
    this.signal('SIGKILL');
    for (const pid of markedProcesses(this.#mark)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // it has ended meanwhile
    }
    living.delete(this);
  }

  /** Resolves to whether all its processes have ended in time. */
  async gone(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (this.#ended === undefined || sessionProcesses(this.#child.pid ?? -1).length > 0) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await Promise.race([this.#ended === undefined ? this.#exited : sleep(10), sleep(Math.min(left, 50))]);
    }
    return true;
  }

  override async stop(): Promise<void> {
    this.unwatch();
    this.signal('SIGTERM');
    await this.gone(KILL_AFTER_MS);
    this.kill();
    await this.gone(KILL_AFTER_MS);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /**
   * Stops it and starts its command again on the same port.
   * @throws CheckFailure
   */
  async again(): Promise<StartedServer> {
    await this.stop();
    return StartedServer.#startOn(this.address.port, this.#command, this.#cwd);
  }

  protected override onMemoryLimit(): void {
    this.#ended ??= `ended by strcheck: more than ${MAX_RESIDENT_MIB} MiB of memory`;
    this.kill();
  }

  async #listening(): Promise<void> {
    const started = performance.now();
    const where = formatAddress(this.address);
    for (;;) {
      this.#listener = findListener(this.address.port, sessionProcesses(this.#child.pid ?? -1));
      if (this.#listener !== undefined) return;
      if (this.#ended !== undefined && sessionProcesses(this.#child.pid ?? -1).length === 0)
        throw new CheckFailure(`expected a server that listens on ${where}, got its end: ${this.#ended}`);
      const elapsedMs = performance.now() - started;
      const ownSeconds = elapsedMs / 1000 - this.usage().queuedSeconds;
      if (elapsedMs > START_DEADLINE_MS || ownSeconds > START_SECONDS)
        throw new CheckFailure(`expected a server that listens on ${where} within ${START_SECONDS} s`, {
          deadline: ownSeconds <= START_SECONDS,
        });
      await sleep(START_LOOK_MS);
    }
  }
}
