#!/usr/bin/env node
// The tutorial's tmc (sections 4.1.4, 4.2.2 and 4.3.1): sends a string, then receives in a loop until the server closes,
// and prints the chunks, which TCP cuts differently in every run. It does not check what it receives.

import { setTimeout as sleep } from 'node:timers/promises';
import { print, printLine, runCommand } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { UsageError } from '../../shared/errors.js';
import { plural, thousands } from '../../shared/numbers.js';
import { MAX_WAIT_MS, nonEmpty, numberOption, SERVER_HOST, SERVER_PORT } from '../../shared/options.js';
import { receiveChunks } from '../socket.js';

/** Maximum size of one receive of the tutorial's client, in bytes. */
const RECEIVE_SIZE = 1_000_000;
/** The number of chunks whose data is printed. */
const SHOWN_CHUNKS = 4;

await runCommand('tmc', async () => {
  const options = readOptions();
  const parts = cut(Buffer.from(options.string), options.writes);
  const { socket, chunks } = await receiveChunks(
    options,
    'node dist/server/tutorial/tms.js',
    options.receiveSize,
  );
  for (const part of parts) await new Promise((taken) => socket.write(part, taken));
  const sizes: number[] = [];
  let firstAt = 0;
  for await (const chunk of chunks) {
    if (sizes.length === 0) firstAt = performance.now();
    sizes.push(chunk.length);
    if (!options.quiet) {
      if (sizes.length <= SHOWN_CHUNKS) await printLine(chunk.toString());
      await print(`received ${chunk.length} bytes\n`);
    }
    if (options.pause > 0) await sleep(options.pause);
  }
  await print(`${summary(sizes, performance.now() - firstAt)}\n`);
});

/** Cuts a string into parts of nearly the same size. */
function cut(string: Buffer, parts: number): Buffer[] {
  if (parts > string.length)
    throw new UsageError(`--writes: expected at most ${string.length}, a byte each, got "${parts}"`);
  const edge = (part: number) => Math.floor((part * string.length) / parts);
  return Array.from({ length: parts }, (_, part) => string.subarray(edge(part), edge(part + 1)));
}

function summary(sizes: readonly number[], ms: number): string {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const total = `${plural(sizes.length, 'chunk')}, ${plural(bytes, 'byte')}`;
  if (sizes.length === 0) return total;
  const sorted = sizes.toSorted((a, b) => a - b);
  const at = (index: number) => thousands(sorted.at(index) ?? 0);
  return `${total}: smallest ${at(0)}, median ${at(sorted.length >> 1)}, largest ${at(-1)}; ${(ms / 1000).toFixed(2)} s`;
}

function readOptions() {
  return readCommandLine({
    name: 'tmc',
    usage: '<host> <port> <string>',
    summary: 'Send a string to a tms server and print the chunks in which the copies arrive',
    positionals: {
      host: SERVER_HOST,
      port: SERVER_PORT,
      string: { describe: 'String to send', demandOption: true, coerce: nonEmpty('string') },
    },
    options: {
      writes: numberOption(
        '--writes',
        1,
        1_000_000,
        1,
        'Send the string in this many writes; tms prints how many receives it needed',
      ),
      'receive-size': numberOption(
        '--receive-size',
        1,
        RECEIVE_SIZE,
        RECEIVE_SIZE,
        'Maximum size of one receive, in bytes',
      ),
      pause: numberOption('--pause', 0, MAX_WAIT_MS, 0, 'Delay after each receive, in milliseconds'),
      quiet: { describe: 'Print only the summary', boolean: true, default: false },
    },
    examples: [
      ['tmc 127.0.0.1 2000 abc', 'run it five times to get five different lists'],
      ['tmc 127.0.0.1 2000 abc --receive-size 1000', 'at most 1,000 bytes at a time'],
    ],
  });
}
