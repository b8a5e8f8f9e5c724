// strcheck on servers whose result is known: each server of the zoo fails its own check alone; good servers, over and
// over, fail only what their design cannot do; hostile servers leave nothing behind. And the skeletons of the assignment.

import { join } from 'node:path';
import { SKELETONS, skeletonFaults } from '../check/skeletons.js';
import {
  command,
  exhibits,
  failedChecks,
  GOOD_C,
  GOOD_PYTHON,
  HOSTILE_SERVERS,
  hostileFaults,
  missingFor,
} from '../check/zoo.js';
import { built } from '../support/program.js';
import { RUNNABLE_MODELS } from '../support/runnable-models.js';
import { missingProgram } from '../support/skipping.js';
import { inFolder, info, nothing, type Row, type Scope, scaled } from './suite.js';

const BASELINES = join(GOOD_C, '..');
const ROUNDS = 20;
/** A server that polls sockets without a pause uses a whole core; one that serves a client at a time is out to lunch. */
const FAILS_BY_DESIGN: Readonly<Record<string, readonly string[]>> = {
  nonblocking: ['idle-cpu'],
  'nonblocking_loop.py': ['idle-cpu'],
  blocking: ['lunch'],
  'plain.js': ['utf8', 'controls', 'reset', 'half'],
};

interface KnownServer {
  readonly name: string;
  readonly command: readonly string[];
}

export async function zoo(scope: Scope): Promise<Row[]> {
  const faulty = exhibits().filter(({ path }) => missingFor(path) === undefined);
  const good = goodServers();
  const rounds = scaled(ROUNDS, scope);
  const checked = faulty.slice(0, scaled(faulty.length, scope));
  const total = checked.length + rounds * good.length;
  const [wrongZoo, wrongGood]: [string[], string[]] = [[], []];
  let done = 0;
  for (const { name, path, fails } of checked) {
    scope.progress(done++, total);
    const failed = await failedChecks(command(path));
    if (failed.join() !== fails) wrongZoo.push(`${name} failed ${failed.join(', ') || 'nothing'}`);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command } of good) {
      scope.progress(done++, total);
      const failed = await failedChecks(command);
      const expected = FAILS_BY_DESIGN[name] ?? [];
      if (failed.toSorted().join() !== expected.toSorted().join())
        wrongGood.push(`${name} failed ${failed.join(', ') || 'nothing'}`);
    }
  }
  const wrongHostile: string[] = [];
  if (missingFor(GOOD_PYTHON) === undefined)
    for (const server of HOSTILE_SERVERS) wrongHostile.push(...(await hostileFaults(server)));
  return [
    info('servers with one fault', checked.length),
    nothing('  that fail another check, or none', wrongZoo),
    info(`good servers, ${rounds} times each`, good.length),
    nothing('  wrong results', wrongGood),
    info('hostile servers', HOSTILE_SERVERS.length),
    nothing('  that pass, or leave something behind', wrongHostile),
    ...(await inFolder(skeletons)),
  ];
}

async function skeletons(folder: string): Promise<Row[]> {
  const compiled = SKELETONS.filter(({ programs }) => missingProgram(...programs) === undefined);
  const faults: string[] = [];
  for (const { file } of compiled) faults.push(...(await skeletonFaults(file, join(folder, file))));
  return [
    info('skeletons of the assignment', compiled.length),
    nothing('  that do not compile, or fail otherwise than they should', faults),
  ];
}

function goodServers(): KnownServer[] {
  const node = (path: string, ...args: string[]) => [process.execPath, built(path), '{port}', ...args];
  const files = ['epoll.c', 'threads.c', 'asyncio_server.py', 'threads.py', 'nonblocking_loop.py'];
  const others = [...files.map((name) => join(BASELINES, name)), GOOD_PYTHON];
  return [
    ...RUNNABLE_MODELS.map((io) => ({ name: io, command: node('server/strsvr.js', '--io', io) })),
    { name: 'plain.js', command: node('server/plain.js') },
    ...others
      .filter((path) => missingFor(path) === undefined)
      .map((path) => ({ name: path.replace(/.*\//, ''), command: command(path) })),
  ];
}
