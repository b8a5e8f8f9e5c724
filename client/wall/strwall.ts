#!/usr/bin/env node
// The command: which server, where the pages are, what to type to join.

import { type Address, formatAddress, isLoopback } from '../../shared/address.js';
import { logLine, print, printLine, runCommand, stopOnSignal } from '../../shared/cli.js';
import { readCommandLine, takeCommand } from '../../shared/command-line.js';
import { OperationalError, UsageError } from '../../shared/errors.js';
import { plural } from '../../shared/numbers.js';
import {
  DEFAULT_HOST,
  hostNames,
  listenAddress,
  MAX_PORT,
  nonEmpty,
  numberOption,
  optional,
  wholeNumber,
} from '../../shared/options.js';
import { joinAddresses, qrInTerminal } from './join-address.js';
import { startReplay } from './replay.js';
import type { LogLine } from './server-log.js';
import { attach, launch } from './server-target.js';
import { Wall } from './wall.js';

const DEFAULT_HTTP = '127.0.0.1:8080';
const DEFAULT_PER_ADDRESS = 40;
const MAX_BOTS = 100;

await runCommand('strwall', async () => {
  const command = takeCommand();
  const options = readOptions();
  const names = options.httpName ?? [];
  if (options.replay !== undefined) {
    if (command !== undefined || options.host !== undefined)
      throw new UsageError('expected either --replay or a server, got both');
    return replay(options.replay, options.http, names);
  }
  let wall: Wall | undefined;
  const early: LogLine[] = [];
  const target = await chooseTarget(command, options, (line) => {
    if (!('event' in line)) logLine(`server: ${'text' in line ? line.text : line.message}`);
    if (wall === undefined) early.push(line);
    else wall.takeLine(line);
  });
  let visited = false;
  wall = new Wall(target, {
    ...options,
    names,
    onLine: logLine,
    onVisit: (remote) => {
      if (visited || isLoopback({ host: remote, port: 0 })) return;
      visited = true;
      logLine(`reached from another machine, ${remote}: the network lets phones in`);
    },
  });
  for (const line of early) wall.takeLine(line);
  let stop = () => {};
  const stopped = new Promise<string | undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  stopOnSignal(stop);
  try {
    const address = await wall.start();
    await printAddresses(address, names, wall.teacherToken);
    if (typeof target.visible === 'string') logLine(`no view of the kernel: ${target.visible}`);
    else if (target.visible.pid === undefined) logLine(`no view of its threads: ${target.visible.why}`);
    const how = await Promise.race([stopped, target.ended]);
    if (how !== undefined && !how.startsWith('exit status 0'))
      throw new OperationalError('ENDED', `the server has ended: ${how}`);
  } finally {
    await target.stop();
    await wall.close();
    if (wall.rejected !== undefined) logLine(wall.rejected);
  }
});

type Options = ReturnType<typeof readOptions>;

function chooseTarget(
  command: readonly string[] | undefined,
  { host, port }: Options,
  onLine: (line: LogLine) => void,
) {
  if (command !== undefined) {
    if (host !== undefined) throw new UsageError('expected either a host and a port or -- COMMAND, got both');
    if (command.length === 0) throw new UsageError('expected a command after --, got nothing');
    return launch(command, onLine);
  }
  if (host === undefined)
    throw new UsageError('expected a port, -- COMMAND or --replay FILE, got none of them');
  if (port !== undefined) return attach({ host: host === 'localhost' ? DEFAULT_HOST : host, port });
  return attach({ host: DEFAULT_HOST, port: wholeNumber('port', 1, MAX_PORT)(host) });
}

async function printAddresses(address: Address, names: readonly string[], token: string): Promise<void> {
  const local = isLoopback(address);
  const wallHost = address.host === '0.0.0.0' || address.host === '::' ? DEFAULT_HOST : address.host;
  const here = formatAddress({ host: wallHost, port: address.port });
  await print(`the wall     http://${here}/\n`);
  await print(`for you      http://${here}/#${token}  (mute, remove, lock: show it to no one)\n`);
  const addresses = joinAddresses(address, names);
  for (const { url, interface: name } of addresses)
    await print(`phones join  ${url}${name === undefined ? '' : `  (${name})`}\n`);
  if (local && names.length === 0) {
    await print(`only this machine can join; --http 0.0.0.0:${address.port} opens the wall to the room\n`);
    return;
  }
  await print(`\n${qrInTerminal(addresses[0]?.url ?? '')}\n`);
  await print('no phone has reached this machine yet; campus Wi-Fi often isolates devices: try a hotspot\n');
}

async function replay(file: string, http: Address, names: readonly string[]): Promise<void> {
  const { address, events, close } = await startReplay(file, http, names, logLine);
  await printLine(`replay of ${file}, ${plural(events, 'event')}: http://${formatAddress(address)}/`);
  await new Promise<void>((resolve) => stopOnSignal(resolve));
  close();
}

function readOptions() {
  return readCommandLine({
    name: 'strwall',
    usage: '[host] [port]',
    summary:
      'Show a room who waits for whom: the shared string, its clients and what the server waits for, live in a browser. ' +
      'Phones join as clients. Either a server that runs, or, after --, the command that starts one (with {port}, if it ' +
      'takes a port), in any language.',
    positionals: {
      host: {
        describe: `Host of the server (${DEFAULT_HOST}); a single number is the port`,
        coerce: optional(nonEmpty('host')),
      },
      port: { describe: 'TCP port of the server', coerce: optional(wholeNumber('port', 1, MAX_PORT)) },
    },
    options: {
      http: {
        requiresArg: true,
        describe: 'Where the pages are: [HOST:]PORT; 0.0.0.0:8080 opens them to the room',
        default: DEFAULT_HTTP,
        coerce: listenAddress('--http'),
      },
      'http-name': {
        requiresArg: true,
        describe: 'Also answer to this host name; may be repeated',
        coerce: optional(hostNames('--http-name')),
      },
      bots: numberOption('--bots', 0, MAX_BOTS, 0, 'Add clients that type; one of them goes to lunch'),
      'per-address': numberOption(
        '--per-address',
        1,
        10_000,
        DEFAULT_PER_ADDRESS,
        'Phones that one address may have; a class behind a router is one address',
      ),
      raw: {
        describe:
          "Send the phones' letters without line feeds, for servers that store them, such as the tutorial's",
        boolean: true,
        default: false,
      },
      record: {
        requiresArg: true,
        describe: 'Record all that is shown to this file',
        coerce: optional(nonEmpty('--record')),
      },
      replay: { requiresArg: true, describe: 'Show a recording', coerce: optional(nonEmpty('--replay')) },
    },
    repeatable: ['http-name'],
    examples: [
      ['strwall --bots 7 -- strsvr 2000 --io blocking', 'start a server, with clients, and look at it'],
      ['strwall --http 0.0.0.0:8080 -- strsvr 2000', 'phones in the room can join'],
      ['strwall -- python3 server.py {port}', 'a server in any language'],
      ['strwall 2000', 'a server that runs on this machine'],
      ['strwall --replay lesson.jsonl', 'a recording'],
    ],
  });
}
