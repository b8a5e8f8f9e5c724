// strcheck on servers whose result is known: each server of the zoo fails its own check alone; good servers, over and
// over, also beside busy loops, fail only what their design cannot do; hostile servers leave nothing behind. And the
// skeletons of the assignment.

import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { escapeUnprintable } from '../../shared/escape.js';
import { SKELETONS, skeletonFaults } from '../check/skeletons.js';
import {
  command,
  exhibits,
  GOOD_C,
  GOOD_PYTHON,
  HOSTILE_SERVERS,
  hostileFaults,
  judge,
  LINE_LEVEL,
  missingFor,
  TUTORIAL_LEVEL,
  type Verdict,
} from '../check/zoo.js';
import { built } from '../support/program.js';
import { RUNNABLE_MODELS } from '../support/runnable-models.js';
import { missingProgram } from '../support/skipping.js';
import { inFolder, info, type ResultRow, type Scope, scaled } from './suite.js';

const BASELINES = join(GOOD_C, '..');
const ROUNDS = 20;
const BUSY_ROUNDS = 10;
const BUSY_LOOPS_PER_CORE = 2;
/** They mostly wait. What depends on the time is not judged on a busy machine, so it is judged again, alone. */
const AT_ONCE = 4;
const ATTEMPTS_ALONE = 5;
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
  /** The checks that it must fail. */
  readonly fails: readonly string[];
}

interface Outcome {
  /** What is wrong, a line each. */
  readonly wrong: readonly string[];
  readonly notJudged: number;
}

/** Each server with one fault. */
export async function zooFaulty(scope: Scope): Promise<ResultRow[]> {
  const faulty = exhibits()
    .filter(({ path }) => missingFor(path) === undefined)
    .map(({ name, path, fails }) => ({ name, command: command(path), fails: [fails] }));
  const checked = faulty.slice(0, scaled(faulty.length, scope));
  const { wrong } = await judgeAll(checked, counting(checked.length, scope));
  return [
    info('servers with one fault', checked.length),
    ...each('  that fail another check, or none', wrong),
  ];
}

/** Good servers, over and over. */
export async function zooGood(scope: Scope): Promise<ResultRow[]> {
  const [good, rounds] = [goodServers(), scaled(ROUNDS, scope)];
  const { wrong } = await judgeAll(repeated(good, rounds), counting(rounds * good.length, scope));
  return [info(`good servers, ${rounds} times each`, good.length), ...each('  wrong results', wrong)];
}

/** The same beside busy loops. */
export async function zooBusy(scope: Scope): Promise<ResultRow[]> {
  const [good, rounds] = [goodServers(), scaled(BUSY_ROUNDS, scope)];
  const { wrong, notJudged } = await besideBusyLoops(() =>
    judgeTogether(repeated(good, rounds), counting(rounds * good.length, scope)),
  );
  return [
    info(`good servers beside busy loops, ${rounds} times each`, good.length),
    info('  not judged: the machine is too busy', notJudged),
    ...each('  wrong results', wrong),
  ];
}

/** Hostile servers, and what students start from. */
export async function zooHostile(): Promise<ResultRow[]> {
  const wrong: string[] = [];
  if (missingFor(GOOD_PYTHON) === undefined)
    for (const server of HOSTILE_SERVERS) wrong.push(...(await hostileFaults(server)));
  return [
    info('hostile servers', HOSTILE_SERVERS.length),
    ...each('  that pass, or leave something behind', wrong),
    ...(await inFolder(skeletons)),
  ];
}

function repeated(servers: readonly KnownServer[], times: number): KnownServer[] {
  return Array.from({ length: times }, () => servers).flat();
}

/** Judges, and shows how many of `total` are done. */
function counting(total: number, { progress }: Scope): Judge {
  let done = 0;
  return (server) => {
    progress(done++, total);
    return judge(server.command);
  };
}

type Judge = (server: KnownServer) => Promise<Verdict>;

/** Side by side; those that could not be judged, again alone. */
async function judgeAll(servers: readonly KnownServer[], judgeNext: Judge): Promise<Outcome> {
  const again: KnownServer[] = [];
  const { wrong } = await judgeTogether(servers, async (server) => {
    const verdict = await judgeNext(server);
    if (verdict.busy && wrongIn(server, verdict).length === 0) again.push(server);
    return verdict;
  });
  const alone: string[] = [];
  for (const server of again) {
    let verdict = await judge(server.command);
    for (let nth = 1; verdict.busy && nth < ATTEMPTS_ALONE; nth += 1) verdict = await judge(server.command);
    alone.push(...(verdict.busy ? [`${server.name}: the machine is too busy`] : wrongIn(server, verdict)));
  }
  return { wrong: [...wrong, ...alone], notJudged: again.length };
}

async function judgeTogether(servers: readonly KnownServer[], judgeNext: Judge): Promise<Outcome> {
  const waiting = [...servers];
  const wrong: string[] = [];
  let notJudged = 0;
  const worker = async () => {
    for (let server = waiting.shift(); server !== undefined; server = waiting.shift()) {
      const verdict = await judgeNext(server);
      wrong.push(...wrongIn(server, verdict));
      if (verdict.busy) notJudged += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { wrong, notJudged };
}

/** On a busy machine a check may be not judged, but none may fail that should not. */
function wrongIn({ name, fails }: KnownServer, { failures, busy }: Verdict): string[] {
  const wrong = failures
    .filter(({ id }) => !fails.includes(id))
    .map(({ id, why }) => `${name} failed ${id}: ${escapeUnprintable(why)}`);
  const missed = fails.filter((id) => !failures.some((failure) => failure.id === id));
  return [...wrong, ...(busy ? [] : missed.map((id) => `${name} did not fail ${id}`))];
}

async function besideBusyLoops<T>(work: () => Promise<T>): Promise<T> {
  const loops: ChildProcess[] = [];
  for (let nth = 0; nth < BUSY_LOOPS_PER_CORE * availableParallelism(); nth += 1)
    loops.push(spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
  try {
    return await work();
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
  }
}

/** None may be found; each that was has a row. */
function each(what: string, found: readonly string[]): ResultRow[] {
  const rows = found.map((one) => ({ what: `    ${one}`, figure: '', good: false }));
  return [{ what, figure: found.length, good: found.length === 0 }, ...rows];
}

async function skeletons(folder: string): Promise<ResultRow[]> {
  const compiled = SKELETONS.filter(({ programs }) => missingProgram(...programs) === undefined);
  const faults: string[] = [];
  for (const { file } of compiled) faults.push(...(await skeletonFaults(file, join(folder, file))));
  return [
    info('skeletons of the assignment', compiled.length),
    ...each('  that do not compile, or fail otherwise than they should', faults),
  ];
}

function goodServers(): KnownServer[] {
  const known = (name: string, command: readonly string[]) => ({
    ...{ name, command },
    fails: FAILS_BY_DESIGN[name] ?? [],
  });
  const node = (path: string, ...args: string[]) => [process.execPath, built(path), '{port}', ...args];
  const files = ['epoll.c', 'threads.c', 'asyncio_server.py', 'threads.py', 'nonblocking_loop.py'];
  const others = [...files.map((name) => join(BASELINES, name)), GOOD_PYTHON, TUTORIAL_LEVEL, LINE_LEVEL];
  return [
    ...RUNNABLE_MODELS.map((io) => known(io, node('server/strsvr.js', '--io', io))),
    known('plain.js', node('server/plain.js')),
    ...others
      .filter((path) => missingFor(path) === undefined)
      .map((path) => known(path.replace(/.*\//, ''), command(path))),
  ];
}
