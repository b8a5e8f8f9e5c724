// The server that a wall shows: one that runs already, or one that is started here and ended with the wall. Finds the process
// that listens, through /proc, and says why it cannot where it cannot.

import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Address, formatAddress, isLoopback } from '../../shared/address.js';
import { describe, OperationalError } from '../../shared/errors.js';
import { kernelView } from '../../shared/kernel-view.js';
import { splitLines } from '../../shared/line-splitter.js';
import { DEFAULT_HOST } from '../../shared/options.js';
import { findListener, listeningPorts } from '../../shared/proc-sockets.js';
import { allProcesses, sessionProcesses } from '../../shared/process-tree.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { freePort } from '../free-port.js';
import { openSocket } from '../socket.js';
import { type LogLine, readLogLine } from './server-log.js';

const POLL_MS = 50;
const START_DEADLINE_MS = 20_000;
/** A little more than strsvr itself takes at most. */
const STOP_DEADLINE_MS = 7_000;
const MAX_LINE = 64 * 1024;
/** Of a server that is not strsvr. */
const LISTENING = /listening on .*?(\d+\.\d+\.\d+\.\d+).*?(\d{2,})/;
const OUR_SERVER = fileURLToPath(new URL('../../server/strsvr.js', import.meta.url));

/** Where the kernel's view of a server is; or why there is none. */
export type Visible =
  | { readonly pid: number }
  /** Connections only: the process is another user's. */
  | { readonly pid: undefined; readonly why: string };

export interface ServerTarget {
  readonly title: string;
  readonly address: Address;
  readonly visible: Visible | string;
  /** Resolves, to how, when a server that was started here has ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * A server that runs already.
 * @throws OperationalError if there is none
 */
export async function attach(address: Address): Promise<ServerTarget> {
  return {
    title: formatAddress(address),
    address,
    visible: await findVisible(address),
    ended: new Promise(() => {}),
    stop: async () => {},
  };
}

async function findVisible(address: Address): Promise<Visible | string> {
  if (!isLoopback(address)) {
    await tryToConnect(address);
    return `the server is on another machine, or not on a loopback address; start strwall there, with a loopback address`;
  }
  if (!HAS_PROC) {
    await tryToConnect(address);
    return 'there is no /proc on this system; it needs Linux';
  }
  const pid = findListener(address.port, allProcesses());
  if (pid !== undefined) return { pid };
  const own = kernelView(process.pid, address.port);
  if (own.available && !own.listening) await tryToConnect(address); // throws, or it is in another network namespace
  const why = "the server's process is another user's: start strwall as that user or as root";
  return { pid: undefined, why };
}

async function tryToConnect(address: Address): Promise<void> {
  const socket = await openSocket(address, { server: 'strsvr' });
  socket.destroy();
}

/**
 * Starts a server. Its processes are in a session of their own.
 * @param onLine for each line that it prints
 * @throws OperationalError if it does not listen
 */
export async function launch(
  command: readonly string[],
  onLine: (line: LogLine) => void,
): Promise<ServerTarget> {
  const server = new LaunchedServer(command, await portFor(command), onLine);
  try {
    const { address, pid } = await server.listening();
    return {
      title: command.join(' '),
      address,
      visible: pid === undefined ? 'there is no /proc on this system; it needs Linux' : { pid },
      ended: server.ended,
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function portFor(command: readonly string[]): Promise<number | undefined> {
  return command.some((word) => word.includes('{port}')) ? freePort() : undefined;
}

/** The command of strsvr, with a log that names the author of each letter, also where npm link was not typed. */
function completeCommand(command: readonly string[]): string[] {
  const at = command.findIndex((word) => /(^|\/)strsvr(\.js)?$/.test(word));
  if (at < 0 || at > 1 || command.some((word) => /^--(log|help|version)/.test(word))) return [...command];
  const program = command[0] === 'strsvr' ? [process.execPath, OUR_SERVER] : command.slice(0, at + 1);
  return [...program, ...command.slice(at + 1), '--log', 'json', '--log-appended'];
}

class LaunchedServer {
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #port: number | undefined;
  #ended: string | undefined;
  #lastLine = '';
  readonly #onExit = () => this.#signal('SIGKILL');

  constructor(command: readonly string[], port: number | undefined, onLine: (line: LogLine) => void) {
    this.#port = port;
    const [program = '', ...args] = completeCommand(command).map((word) =>
      word.replaceAll('{port}', String(port)),
    );
    this.#child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', this.#onExit);
    const take = async (stream: AsyncIterable<Uint8Array> | null) => {
      if (stream === null) return;
      for await (const text of splitLines(stream, { maxLength: MAX_LINE })) this.#take(text, onLine);
    };
    const output = [take(this.#child.stdout), take(this.#child.stderr)];
    for (const one of output) one.catch(() => {}); // a line that is too long
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(describe(error)));
      this.#child.on('exit', async (status, signal) => {
        await Promise.race([Promise.allSettled(output), sleep(1_000)]); // its children may hold the pipes
        resolve(signal === null ? `exit status ${status}` : `ended by ${signal}`);
      });
    }).then((how) => {
      this.#ended = this.#lastLine === '' ? String(how) : `${how}: ${this.#lastLine}`;
      process.off('exit', this.#onExit);
      return this.#ended;
    });
  }

  /** @throws OperationalError */
  async listening(): Promise<{ readonly address: Address; readonly pid: number | undefined }> {
    const deadline = performance.now() + START_DEADLINE_MS;
    for (;;) {
      const found = await this.#find();
      if (found !== undefined) return found;
      if (this.#ended !== undefined)
        throw new OperationalError('ENDED', `the server ended before it listened: ${this.#ended}`);
      if (performance.now() > deadline)
        throw new OperationalError(
          'SILENT',
          `the server does not listen after ${START_DEADLINE_MS / 1000} s`,
        );
      await Promise.race([this.ended, sleep(POLL_MS)]);
    }
  }

  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#signal('SIGTERM');
    const killer = setTimeout(() => this.#signal('SIGKILL'), STOP_DEADLINE_MS);
    await this.ended;
    clearTimeout(killer);
  }

  async #find(): Promise<{ readonly address: Address; readonly pid: number | undefined } | undefined> {
    if (!HAS_PROC) {
      if (this.#port === undefined) return undefined;
      const address = this.#addressOf(this.#port);
      const found = { address, pid: undefined };
      return tryToConnect(address).then(
        () => found,
        () => undefined,
      );
    }
    for (const pid of sessionProcesses(this.#child.pid ?? -1)) {
      const [port] = listeningPorts(pid, this.#port);
      if (port !== undefined) return { address: this.#addressOf(port), pid };
    }
    return undefined;
  }

  #addressOf(port: number): Address {
    return { host: DEFAULT_HOST, port };
  }

  #take(text: string, onLine: (line: LogLine) => void): void {
    const line = readLogLine(text);
    if ('event' in line && line.event.type === 'listening') this.#port ??= line.event.address.port;
    if ('text' in line) this.#port ??= numberOf(LISTENING.exec(text)?.[2]);
    if (!('event' in line)) this.#lastLine = 'text' in line ? line.text : line.message;
    onLine(line);
  }

  #signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {} // all have ended
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
