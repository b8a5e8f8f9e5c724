#!/usr/bin/env node
// The command: reads letters, sends them, prints the replies. It installs no signal handler, because then Ctrl-C would
// have no effect while readline-sync blocks.

import { logLine, print, printLine, runCommand } from '../shared/cli.js';
import { escapeUnprintable } from '../shared/escape.js';
import { readClientOptions } from './command-options.js';
import { FailoverConnection } from './failover.js';
import { DROPPED, pipedLetters, typedLetters } from './letter-input.js';

await runCommand('strclnt', async () => {
  const options = readClientOptions();
  if (options.follow !== undefined) return printFollowed(options.follow);
  const { servers, raw, maxReply, tls } = options;
  const report = (line: string) => process.stderr.write(`strclnt: ${escapeUnprintable(line)}\n`); // before the prompt
  const connection = await FailoverConnection.open(servers, { raw, maxReply, tls }, report);
  try {
    await repl(connection);
  } finally {
    connection.close();
  }
});

async function repl(connection: FailoverConnection): Promise<void> {
  const dropped = once(() => process.stderr.write(`strclnt: ${DROPPED}\n`));
  const groups = process.stdin.isTTY ? typedLetters(dropped) : pipedLetters(process.stdin, dropped);
  for await (const letters of groups) {
    let reply: string | undefined;
    for (const letter of letters) reply = await connection.send(letter);
    if (reply !== undefined) await printLine(reply);
  }
}

/** Letters as they are added, without line ends; on a terminal escaped. */
async function printFollowed(options: { readonly url: URL; readonly from: string }): Promise<void> {
  const { follow } = await import('./follow.js');
  let lost = false;
  const onLost = ({ message }: Error) => {
    if (!lost) logLine(`strclnt: lost ${options.url.host}, trying again: ${message}`);
    lost = true;
  };
  for await (const letters of follow({ ...options, onLost })) {
    lost = false;
    await print(process.stdout.isTTY ? escapeUnprintable(letters) : letters);
  }
  if (process.stdout.isTTY) await print('\n');
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
