#!/usr/bin/env node
// The tutorial's wps (sections 4.5.2 and 4.5.3): asks a svr to run w or ps and reads the answer as lines, which
// shared/lines.ts puts together from what TCP hands over, as makefile() does. An answer ends when the server closes, so
// a server that is killed after some lines cannot be told from one that has no more.

import { type Address, formatAddress } from '../shared/address.js';
import { print, readCommandLine, runCommand } from '../shared/command.js';
import { FAILURE_MARK, OperationalError } from '../shared/errors.js';
import { lines } from '../shared/lines.js';
import { oneOf, SERVER_HOST, SERVER_PORT } from '../shared/options.js';
import { visible } from '../shared/terminal.js';
import { openChunks } from './socket.js';

await runCommand('wps', async () => {
  const options = readOptions();
  const { socket, chunks } = await openChunks(options, 'node dist/server/svr.js');
  socket.write(options.command);
  const coming = lines(chunks);
  let answered = false;
  for await (const line of options.atEnd ? await readToEnd(coming) : coming) {
    if (line.startsWith(FAILURE_MARK)) throw failed(options, `says: ${line.slice(FAILURE_MARK.length)}`);
    await print(`${visible(line)}\n`);
    answered = true;
  }
  if (!answered) throw failed(options, 'has closed the connection without an answer');
});

/** What readlines() does: nothing is there before everything is. */
async function readToEnd(coming: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of coming) all.push(line);
  return all;
}

function failed(server: Address, what: string): OperationalError {
  return new OperationalError('NO_ANSWER', `${formatAddress(server)} ${what}`);
}

function readOptions() {
  return readCommandLine({
    name: 'wps',
    usage: '<host> <port> <command>',
    summary: 'Ask a svr who is logged in on its machine (w) or which processes run there (ps)',
    positionals: (yargs) =>
      yargs
        .positional('host', SERVER_HOST)
        .positional('port', SERVER_PORT)
        .positional('command', {
          describe: 'w or ps',
          demandOption: true,
          coerce: oneOf('command', ['w', 'ps']),
        }),
    options: (yargs) =>
      yargs.option('at-end', {
        describe: 'Print nothing before the last line has come, as readlines() does',
        boolean: true,
        default: false,
      }),
    examples: [['node dist/client/wps.js 127.0.0.1 8888 ps', 'a line at a time, as they come']],
  });
}
