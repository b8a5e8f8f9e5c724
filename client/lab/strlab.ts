#!/usr/bin/env node
// The laboratory's command: which of its three commands, and nothing is left running when it is interrupted.

import { constants } from 'node:os';
import { runCommand } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { oneOf } from '../../shared/options.js';
import { drive } from './drive.js';
import { bench, run } from './measure.js';

const COMMANDS = new Map([
  ['run', run],
  ['bench', bench],
  ['drive', drive],
]);
const NAMES = [...COMMANDS.keys()];

// Without a handler a signal ends this process without its 'exit' event, and so leaves servers behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

await runCommand('strlab', async () => {
  const command = COMMANDS.get(process.argv[2] ?? '');
  if (command === undefined) return void help();
  process.argv.splice(2, 1);
  return command();
});

function help() {
  return readCommandLine({
    name: 'strlab',
    usage: '<command>',
    summary: `Measure what I/O models cost. Commands: ${NAMES.join(', ')}; each has its own --help`,
    positionals: {
      command: { describe: 'Command to run', demandOption: true, coerce: oneOf('command', NAMES) },
    },
    options: {},
    examples: [
      ['strlab run all --quick', 'asynchronous I/O against threads: every experiment in under two minutes'],
      ['strlab bench', 'how fast strsvr is, against C, Python and its thresholds'],
      ['strlab drive 127.0.0.1 2000', 'a load against a server that runs already'],
    ],
  });
}
