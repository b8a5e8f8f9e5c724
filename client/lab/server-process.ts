// A server under test as a process of its own: started fresh, waited for until it listens, stopped by a signal with a
// deadline. It never outlives the laboratory.

import type { Readable } from 'node:stream';
import { OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import { Child } from '../child-process.js';
import type { ServerUnderTest } from './servers-under-test.js';

const START_DEADLINE_MS = 20_000;
/** A little more than strsvr itself takes at most. */
const STOP_DEADLINE_MS = 7_000;
/** As strsvr, the baselines and plain.ts (a JSON object with a family IPv4) print it. */
const LISTENING = /listening on .*?(\d+\.\d+\.\d+\.\d+).*?(\d{2,})/;

export interface ServerProcess {
  readonly target: ServerUnderTest;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from its start until it listened. */
  readonly listensAfterMs: number;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

/**
 * @returns once it listens
 * @throws OperationalError when it ends or prints nothing instead
 */
export async function startServer(target: ServerUnderTest, args: readonly string[]): Promise<ServerProcess> {
  const started = performance.now();
  const child = new Child([...target.command, ...args]);
  const listens = Promise.race([listening(child.stdout), child.ended.then(() => undefined)]);
  const address = await orKill(child, listens, START_DEADLINE_MS);
  const { pid } = child;
  if (address === undefined || pid === undefined) {
    await child.kill();
    const why = (await child.ended)?.message ?? 'no output';
    throw new OperationalError('NOT_STARTED', `${target.name} did not start: ${why}`);
  }
  const stop = () => orKill(child, child.kill('SIGTERM'), STOP_DEADLINE_MS);
  return { target, ...address, pid, listensAfterMs: performance.now() - started, stop };
}

/** Waits; kills the process if that takes longer than it may. */
function orKill<T>(child: Child, awaited: Promise<T>, deadlineMs: number): Promise<T> {
  const deadline = setTimeout(() => child.kill(), deadlineMs);
  return awaited.finally(() => clearTimeout(deadline));
}

async function listening(stdout: Readable): Promise<{ host: string; port: number } | undefined> {
  for await (const line of splitLines(stdout.iterator({ destroyOnReturn: false }))) {
    const [, host, port] = LISTENING.exec(line) ?? [];
    if (host === undefined) continue;
    stdout.resume(); // so that a final value longer than the pipe does not block the server
    return { host, port: Number(port) };
  }
  return undefined;
}
