// Measures how long a server takes to answer letters that come in one write without line ends. The wire is raw, so the
// load cannot do it: it counts lines. A program of its own, so that nothing else runs meanwhile.
//
//   node dist/client/load/burst.js PLAN      the plan and the result, which it prints, are JSON

import { print, runCommand } from '../../shared/cli.js';
import * as libc from '../../shared/libc/sockets.js';
import { LF } from '../../shared/utf8.js';
import { withConnection } from './connections.js';
import type { LoadPlan } from './plan.js';

/** Receives that bring nothing, so that our own code is compiled when the server's time is taken. */
const REHEARSALS = 1_000;

export type BurstPlan = Pick<LoadPlan, 'host' | 'port' | 'letters' | 'warmup' | 'timeoutMs'>;

export type BurstResult = { readonly ms: number } | { readonly wrong: string };

await runCommand('burst', () => {
  const plan: BurstPlan = JSON.parse(process.argv[2] ?? '');
  const deadline = performance.now() + plan.timeoutMs;
  const result = withConnection(plan, deadline, { nagle: false }, (fd) => measure(fd, plan, deadline));
  return print(JSON.stringify(result));
});

function measure(fd: number, { letters: count, warmup }: BurstPlan, deadline: number): BurstResult {
  const letters = Buffer.alloc(count, 'abcdefghijklmnopqrstuvwxyz');
  const expected = Buffer.concat(Array.from({ length: count }, (_, at) => letters.subarray(0, at + 1)));
  const line = Buffer.of(LF);
  const answer = Buffer.alloc(1);
  for (let at = 0; at < warmup; at += 1) {
    libc.send(fd, line);
    receive(fd, answer, deadline);
  }
  const replies = Buffer.alloc(expected.length);
  for (let at = 0; at < REHEARSALS; at += 1) libc.recv(fd, replies);
  const began = performance.now();
  libc.send(fd, letters);
  const received = receive(fd, replies, deadline);
  const ms = performance.now() - began;
  if (received < replies.length) return { wrong: `${received} of ${replies.length} bytes came` };
  return replies.equals(expected) ? { ms } : { wrong: 'the replies are not those to the letters' };
}

/** Receives until the buffer is full, without ever sleeping; how many bytes came before the deadline or the end. */
function receive(fd: number, buffer: Buffer, deadline: number): number {
  let length = 0;
  while (length < buffer.length && performance.now() < deadline) {
    const received = libc.recv(fd, buffer.subarray(length));
    if (received === 0) break;
    if (received !== libc.EAGAIN) length += received;
  }
  return length;
}
