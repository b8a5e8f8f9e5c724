// SIGTERM while clients send: the server ends in order and in time, and the printed text explains all replies.

import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, type Operation } from '../../shared/linearizability.js';
import type { IoModelName } from '../../shared/options.js';
import { prng } from '../../shared/prng.js';
import { ended } from '../support/program.js';
import { recordClient } from '../support/recording-client.js';
import { RUNNABLE_MODELS } from '../support/runnable-models.js';
import { withStrsvr } from '../support/servers.js';
import { finalText } from './instrumented-server.js';
import { atMost, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const STOPS = 200;
const STOPS_OF_OTHERS = 20;
const CLIENTS = 4;
/** Keeps letters in flight on every connection when the signal comes. */
const IN_FLIGHT = 3;
/** The signal comes at a random time after the server listens; threads take longer to start. */
const MIN_MS = 5;
const MAX_MS = 150;
const MAX_MS_THREADS = 600;
const LIMIT_S = 5;

export async function shutdown(scope: Scope): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const io of RUNNABLE_MODELS) {
    const total = scaled(io === 'events' ? STOPS : STOPS_OF_OTHERS, scope);
    const sum = { answered: 0, seconds: 0, found: [] as string[] };
    for (let seed = 1; seed <= total; seed += 1) {
      const { answered, seconds, wrong } = await stopUnderLoad(io, seed);
      sum.answered += answered;
      sum.seconds = Math.max(sum.seconds, seconds);
      if (wrong !== undefined) sum.found.push(`${io}, seed ${seed}: ${wrong}`);
      scope.progress(seed, total);
    }
    rows.push(
      info(`SIGTERMs while ${CLIENTS} clients send, ${io}`, total),
      info('  letters answered', sum.answered),
      nothing('  violations', sum.found),
      atMost('  ended after', sum.seconds, Number.isFinite(scope.latencyMs) ? LIMIT_S : scope.latencyMs, 's'),
    );
  }
  return rows;
}

interface Stopped {
  readonly answered: number;
  /** From the signal to the end of the process. */
  readonly seconds: number;
  readonly wrong: string | undefined;
}

async function stopUnderLoad(io: IoModelName, seed: number): Promise<Stopped> {
  const maxMs = io === 'threads' ? MAX_MS_THREADS : MAX_MS;
  let stopped: Stopped | undefined;
  await withStrsvr(['0', '--io', io], async (server, address) => {
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      recordClient(address, client, { unanswered: IN_FLIGHT }),
    );
    await sleep(MIN_MS + prng(seed).below(maxMs - MIN_MS));
    const signalled = performance.now();
    server.child.kill('SIGTERM');
    const { status, stdout, stderr } = await ended(server);
    const seconds = (performance.now() - signalled) / 1000;
    const history = (await Promise.all(clients)).flat();
    const answered = history.filter(({ answer }) => answer !== undefined).length;
    const wrong =
      status === 0 ? unexplained(history, finalText(stdout), stderr) : `exit ${status}: ${stderr}`;
    stopped = { answered, seconds, wrong };
  });
  if (stopped === undefined) throw new Error('the server was never stopped');
  return stopped;
}

/** @returns the violated invariant, or a wrong letter count in the log's last line */
function unexplained(history: readonly Operation[], text: Buffer, stderr: string): string | undefined {
  const found = checkHistory(history, text);
  if (found !== undefined) return `${found.invariant}: ${found.what}`;
  const letters = [...text.toString()].length.toLocaleString('en');
  return new RegExp(`^${letters} letters?, `, 'm').test(stderr)
    ? undefined
    : `${letters} letters, but ${stderr}`;
}
