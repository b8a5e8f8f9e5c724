// A server under test as a process of its own: started fresh, waited for by its line, ended by signal with a deadline, and
// never left behind, however the laboratory itself ends.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import type { ServerUnderTest } from './server-under-test.js';

const START_DEADLINE_MS = 20_000;
/** A little more than what strsvr allows itself. */
const STOP_DEADLINE_MS = 7_000;
/** As our own servers, the yardsticks and plain.ts (a JSON object with a family IPv4) say it. */
const LISTENING = /listening on .*?(\d+\.\d+\.\d+\.\d+).*?(\d{2,})/;

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export interface RunningServer {
  readonly target: ServerUnderTest;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** From its start to its line, in milliseconds. */
  readonly listensAfterMs: number;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * @returns once it listens
 * @throws OperationalError when it ends or says nothing instead
 */
export async function startServer(target: ServerUnderTest, args: readonly string[]): Promise<RunningServer> {
  const started = performance.now();
  const [program = '', ...rest] = [...target.command, ...args];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  child.on('close', () => living.delete(child));
  let complaints = '';
  child.on('error', ({ message }) => {
    complaints = message;
  });
  child.stderr.on('data', (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-1000);
  });
  const ended = new Promise<undefined>((resolve) => child.on('close', () => resolve(undefined)));
  const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
  const address = await Promise.race([listening(child.stdout), ended]).finally(() => clearTimeout(deadline));
  if (address === undefined || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new OperationalError(
      'NOT_STARTED',
      `${target.name} did not start: ${complaints.trim() || 'no word'}`,
    );
  }
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(late);
  };
  return { target, ...address, pid: child.pid, listensAfterMs: performance.now() - started, stop };
}

async function listening(stdout: Readable): Promise<{ host: string; port: number } | undefined> {
  for await (const line of splitLines(stdout.iterator({ destroyOnReturn: false }))) {
    const [, host, port] = LISTENING.exec(line) ?? [];
    if (host === undefined) continue;
    stdout.resume(); // the final value interests nobody, but the server may not have to wait for room for it
    return { host, port: Number(port) };
  }
  return undefined;
}
