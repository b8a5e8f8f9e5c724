// The wall on servers that are not ours: in C and Python, and the tutorial's way, which stores line feeds. Each letter is
// answered, and the wall says how the server waits.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { baselines } from '../../client/lab/servers-under-test.js';
import { built } from '../support/program.js';
import { missingProgram } from '../support/skipping.js';
import { until } from '../support/waiting.js';
import { exactly, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';
import { Phone, watch, withWall } from './wall-clients.js';

const ROUNDS = 50;
/** Ten letters a second are allowed. */
const PACE_MS = 120;
const EVENT_LOOP = /^One thread sleeps in (epoll_p?wait|io_uring_enter)\(2\) until any client sends/;
const THREADS = /^Each client has a thread of its own/;
const BUSY_LOOP = /^One thread asks every client in turn and never sleeps/;
const TUTORIAL = join(built('..'), 'test/check/levels/tutorial.py');

/** How the wall must say that a server waits. */
const WAYS: ReadonlyMap<string, RegExp> = new Map([
  ['plain', EVENT_LOOP],
  ['C epoll', EVENT_LOOP],
  ['C io_uring', EVENT_LOOP],
  ['C threads', THREADS],
  ['Python asyncio', EVENT_LOOP],
  ['Python nonblocking loop', BUSY_LOOP],
  ['Python threads', THREADS],
]);

export async function wallServers(scope: Scope): Promise<ResultRow[]> {
  const { targets, missing } = await baselines();
  const rows = missing.map(({ name, why }) => info(`wall on ${name}: ${why}`, 'skipped'));
  for (const { name, command } of targets)
    rows.push(...(await onServer(name, [], command, WAYS.get(name) ?? /^$/, scope)));
  const why = missingProgram('python3');
  if (why !== undefined) return [...rows, info(`wall on the tutorial's server: ${why}`, 'skipped')];
  const command = ['python3', TUTORIAL, '{port}'];
  return [...rows, ...(await onServer("the tutorial's server", ['--raw'], command, BUSY_LOOP, scope))];
}

/** Two phones, for the tutorial's server accepts no more. */
function onServer(
  name: string,
  options: readonly string[],
  command: readonly string[],
  why: RegExp,
  scope: Scope,
) {
  return withWall(options, command, async ({ http }) => {
    const phones = [await Phone.join(http, 0), await Phone.join(http, 1)];
    const page = await watch(http);
    const rounds = scaled(ROUNDS, scope, 5);
    for (let round = 1; round <= rounds; round += 1) {
      await Promise.all(phones.map((phone) => phone.roundTrip()));
      await sleep(PACE_MS);
      scope.progress(round, rounds);
    }
    const letters = phones.length * rounds;
    await until(() => page.seenAt.length >= letters);
    const said = await until(() => why.test(page.why())).then(
      () => [],
      () => [page.why()],
    );
    for (const { socket } of phones) socket.terminate();
    page.close();
    return [
      exactly(`wall on ${name}: letters on the wall`, page.seenAt.length, letters),
      nothing('  a wrong word on how it waits', said),
    ];
  });
}
