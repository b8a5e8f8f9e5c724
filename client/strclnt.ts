#!/usr/bin/env node
// The command: reads letters, sends them, prints the replies. It installs no signal handler, because then Ctrl-C would
// have no effect while readline-sync blocks.

import { printLine, runCommand } from '../shared/cli.js';
import { readCommandLine } from '../shared/command-line.js';
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  MAX_PORT,
  nonEmpty,
  replyLimit,
  wholeNumber,
} from '../shared/options.js';
import { type Connection, connect } from './connection.js';
import { DROPPED, pipedLetters, typedLetters } from './letter-input.js';

await runCommand('strclnt', async () => {
  const connection = await connect(readOptions());
  try {
    await repl(connection);
  } finally {
    connection.close();
  }
});

async function repl(connection: Connection): Promise<void> {
  const dropped = once(() => process.stderr.write(`strclnt: ${DROPPED}\n`));
  const groups = process.stdin.isTTY ? typedLetters(dropped) : pipedLetters(process.stdin, dropped);
  for await (const letters of groups) {
    let reply = '';
    for (const letter of letters) reply = await connection.send(letter);
    await printLine(reply);
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

function readOptions() {
  const { host, port, raw, maxReply } = readCommandLine({
    name: 'strclnt',
    usage: '[host] [port]',
    summary: 'Send letters to a strsvr server and print each reply',
    positionals: {
      host: {
        describe: `Host of the server (${DEFAULT_HOST}); a single number is the port`,
        coerce: nonEmpty('host'),
      },
      port: {
        describe: `TCP port of the server (${DEFAULT_PORT})`,
        coerce: wholeNumber('port', 1, MAX_PORT),
      },
    },
    options: {
      raw: {
        describe: "Send letters without line feeds, for servers that store them, such as the tutorial's",
        boolean: true,
        default: false,
      },
      'max-reply': replyLimit('Maximum length of a reply, in bytes'),
    },
    examples: [
      ['strclnt', 'prompt for letters; Enter alone exits'],
      ['strclnt 192.168.1.17 2000', 'a server on another machine'],
      ['printf abc | strclnt', 'send three letters and print three replies'],
    ],
  });
  const portAlone = port === undefined && host !== undefined && /^\d+$/.test(host);
  return {
    host: portAlone ? DEFAULT_HOST : (host ?? DEFAULT_HOST),
    port: portAlone ? wholeNumber('port', 1, MAX_PORT)(host) : (port ?? DEFAULT_PORT),
    raw,
    maxReply,
  };
}
