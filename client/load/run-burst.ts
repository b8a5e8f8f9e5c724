// Measures, in a process of its own, how long a server takes to answer letters that come in one write without line ends:
// `node run-burst.js PLAN`, with the plan and then the result as JSON. The wire is raw, so the load cannot do it: that
// counts lines.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { errorCode, OperationalError } from '../../shared/errors.js';
import { EAGAIN, libc } from '../../shared/libc/libc.js';
import { LF } from '../../shared/utf8.js';
import { connectAll } from './line-client.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(import.meta.url);
/** Receives that bring nothing, so that our own side is not cold when the server's time is taken. */
const REHEARSALS = 1_000;

export interface BurstPlan {
  /** A numeric address. */
  readonly host: string;
  readonly port: number;
  readonly letters: number;
  /** Line ends that are sent before, one after the other. */
  readonly warmup: number;
  readonly timeoutMs: number;
}

export type BurstResult = { readonly ms: number } | { readonly wrong: string };

/** @throws OperationalError when the process fails */
export async function runBurst(plan: BurstPlan): Promise<BurstResult> {
  try {
    const { stdout } = await run(process.execPath, [PROGRAM, JSON.stringify(plan)]);
    return JSON.parse(stdout) as BurstResult;
  } catch (error) {
    throw new OperationalError(errorCode(error) ?? 'FAILED', 'the burst could not be measured', error);
  }
}

/** On a server whose text is empty. */
function burst({ host, port, letters: count, warmup, timeoutMs }: BurstPlan): BurstResult {
  const deadline = performance.now() + timeoutMs;
  const [fd = -1] = connectAll({ host, port }, 1, { nagle: false }, deadline);
  const letters = Buffer.alloc(count, 'abcdefghijklmnopqrstuvwxyz');
  const expected = Buffer.concat(Array.from({ length: count }, (_, at) => letters.subarray(0, at + 1)));
  const line = Buffer.of(LF);
  const answer = Buffer.alloc(1);
  for (let at = 0; at < warmup; at += 1) {
    libc().send(fd, line);
    receive(fd, answer, deadline);
  }
  const replies = Buffer.alloc(expected.length);
  for (let at = 0; at < REHEARSALS; at += 1) libc().recv(fd, replies);
  const began = performance.now();
  libc().send(fd, letters);
  const received = receive(fd, replies, deadline);
  const ms = performance.now() - began;
  if (received < replies.length) return { wrong: `${received} of ${replies.length} bytes came` };
  return replies.equals(expected) ? { ms } : { wrong: 'the replies are not those to the letters' };
}

/** Receives until the buffer is full, without ever sleeping; how many bytes came before the deadline or the end. */
function receive(fd: number, buffer: Buffer, deadline: number): number {
  let length = 0;
  while (length < buffer.length && performance.now() < deadline) {
    const received = libc().recv(fd, buffer.subarray(length));
    if (received === 0) break;
    if (received !== EAGAIN) length += received;
  }
  return length;
}

if (process.argv[1] === PROGRAM) {
  process.stdout.write(JSON.stringify(burst(JSON.parse(process.argv[2] ?? '') as BurstPlan)));
}
