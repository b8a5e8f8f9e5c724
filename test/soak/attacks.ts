// Attacks by many clients, or by one with much input. A healthy client must not be affected, and the server must free all
// memory and descriptors afterwards.

import { setTimeout as sleep } from 'node:timers/promises';
import { ended, Program } from '../support/program.js';
import { at } from '../support/servers.js';
import type { Probe } from './in-process-probe.js';
import {
  baselineP99,
  HealthyClient,
  type InstrumentedServer,
  Newcomers,
  withInstrumented,
} from './instrumented-server.js';
import { atMost, exactly, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const NON_READERS = 1_000;
/** Letters that each sends at a time: few, and as many as a session takes while it has pending replies. */
const NON_READER_LETTERS = { few: 10, many: 1_024 };
const RESETS = 50_000;
const PASTED_MB = 1_000;
const FLOODS = { clients: 300, seconds: 20 };
/** The latency limit of a new client, in limits of a connected one. */
const NEWCOMER_SHARE = 5;
/** The default of --stall-timeout; less in a share. */
const STALL_SECONDS = 30;
/** Connections that are reset before the first measurement, so that the server has its working size. */
const WARM_UP = 5_000;
/** Letters of the healthy client before the attack. */
const HEALTHY_BEFORE = 20;
/** After an attack, until closed connections are freed. */
const SETTLE_MS = 500;
/** Ends attackers that hang. */
const DEADLINE_MS = { least: 30_000, all: 240_000 };
/** Of a paste, how much the kernels of server and client may buffer. */
const TAKEN_MB = 64;

interface Attack {
  readonly what: string;
  /** See attackers.ts. */
  readonly kind: 'non-readers' | 'resets' | 'paste' | 'controls' | 'lines';
  readonly amount: number;
  /** Letters at a time, or for a flood the seconds. */
  readonly letters?: number;
  readonly warmUp?: number;
  readonly args: readonly string[];
  /** Limits for the growth of the server's memory during the attack, and of its heap afterwards, in MiB. */
  readonly growth: number;
  readonly heapGrowth: number;
  /** How many clients the server disconnects as stalled. */
  readonly stalled: number;
}

export async function nonReaders(scope: Scope): Promise<ResultRow[]> {
  return [...(await nonReadersWithFewLetters(scope)), ...(await nonReadersWithManyLetters(scope))];
}

export function nonReadersWithFewLetters(scope: Scope): Promise<ResultRow[]> {
  return sendWithoutReading(NON_READER_LETTERS.few, scope);
}

/** The text, and so every reply, is soon 1 MB: latency is reported without a limit. */
export function nonReadersWithManyLetters(scope: Scope): Promise<ResultRow[]> {
  return sendWithoutReading(NON_READER_LETTERS.many, { ...scope, latencyMs: Number.POSITIVE_INFINITY });
}

async function sendWithoutReading(letters: number, scope: Scope): Promise<ResultRow[]> {
  const amount = scaled(NON_READERS, scope, 20);
  const args = [...stallTimeout(scope), '--max-length', String(64 * 2 ** 20)];
  const what = `clients that send ${letters.toLocaleString('en')} letters ten times a second and never read`;
  const limits = { growth: 64, heapGrowth: 4, stalled: amount }; // the text is part of the heap
  return (await attack({ what, kind: 'non-readers', amount, letters, args, ...limits }, scope)).rows;
}

export async function resets(scope: Scope): Promise<ResultRow[]> {
  const [amount, warmUp] = [scaled(RESETS, scope, 200), scaled(WARM_UP, scope, 100)];
  const what = 'clients that connect and reset';
  const limits = { growth: 32, heapGrowth: 2, stalled: 0 };
  const { rows } = await attack({ what, kind: 'resets', amount, warmUp, args: [], ...limits }, scope);
  return rows;
}

export async function paste(scope: Scope): Promise<ResultRow[]> {
  const megabytes = scaled(PASTED_MB, scope, 100);
  const what = 'MB pasted by one client that never reads';
  const limits = { growth: 32, heapGrowth: 2, stalled: 1 };
  const args = stallTimeout(scope);
  const amount = 1e6 * megabytes;
  const { rows, output } = await attack({ what, kind: 'paste', amount, args, ...limits }, scope);
  const taken = [...output.matchAll(/taken (\d+)/g)].map(([, bytes]) => Number(bytes));
  return [...rows, atMost('  sent by the client', Math.max(0, ...taken) / 1e6, TAKEN_MB, 'MB')];
}

/** Clients that send input which stores nothing as fast as the server reads it. */
export async function floods(scope: Scope): Promise<ResultRow[]> {
  const [amount, letters] = [scaled(FLOODS.clients, scope, 20), scaled(FLOODS.seconds, scope)];
  const limits = { growth: 96, heapGrowth: 4, stalled: 0 }; // V8 alone uses up to 48 MiB for new objects
  const rows: ResultRow[] = [];
  for (const io of ['events', 'poll'] as const) {
    for (const kind of ['controls', 'lines'] as const) {
      const what = `clients that flood --io ${io} with ${kind === 'lines' ? 'line ends' : 'control characters'}`;
      const flood = { what, kind, amount, letters, args: ['--io', io], ...limits };
      rows.push(...(await attack(flood, scope)).rows);
    }
  }
  return rows;
}

function stallTimeout(scope: Scope): string[] {
  return ['--stall-timeout', String(scaled(STALL_SECONDS, scope))];
}

/** @returns rows, and the output of the attackers */
async function attack(
  { what, kind, amount, letters, warmUp, args, growth, heapGrowth, stalled }: Attack,
  { share, latencyMs, progress }: Scope,
): Promise<{ rows: ResultRow[]; output: string }> {
  let output = '';
  progress(0, amount);
  const deadlineMs = DEADLINE_MS.least + share * DEADLINE_MS.all;
  const rows = await withInstrumented(args, async (server, baseline) => {
    const healthy = new HealthyClient(server.address);
    await healthy.answered(HEALTHY_BEFORE);
    if (warmUp !== undefined) await attackers([kind, warmUp], server, deadlineMs);
    const before = { ...server.memory, descriptors: server.descriptors, ...(await server.probe()) };
    const first = healthy.times.length;
    const newcomers = new Newcomers(server.address);
    output = await attackers([kind, amount, letters], server, deadlineMs);
    await newcomers.stop();
    const open = await server.descriptorsBeyond(before.descriptors);
    const { heapMiB } = await settled(server);
    const { peakMiB } = server.memory;
    await healthy.stop();
    const { text, stderr } = await server.stop();
    const disconnected = /([\d,]+) stalled/.exec(stderr)?.[1]?.replaceAll(',', '') ?? 0;
    return [
      atMost('  latency of a healthy client (p99)', healthy.p99(first), latencyMs, 'ms'),
      atMost('  latency of a new client (p99)', newcomers.p99, NEWCOMER_SHARE * latencyMs, 'ms'),
      baselineP99(baseline),
      nothing('  violations of linearizability', healthy.violations(text)),
      atMost('  growth of the memory of the server', peakMiB - before.residentMiB, growth, 'MiB'),
      atMost('  growth of its live objects', heapMiB - before.heapMiB, heapGrowth, 'MiB'),
      exactly('  descriptors left open', open, 0),
      exactly('  disconnected as stalled', Number(disconnected), stalled),
    ];
  });
  return { rows: [info(what, kind === 'paste' ? amount / 1e6 : amount), ...rows], output };
}

/** Garbage of the closed connections is collected at the second probe. */
async function settled(server: InstrumentedServer): Promise<Probe> {
  await server.probe();
  await sleep(SETTLE_MS);
  return server.probe();
}

/** Runs them until all are closed. @returns their output. @throws Error when the server ends before, or at the deadline */
async function attackers(
  [kind, amount, letters = 0]: readonly [kind: string, amount: number, letters?: number | undefined],
  { address, program }: InstrumentedServer,
  deadlineMs: number,
): Promise<string> {
  const args = [kind, String(amount), ...at(address), String(letters)];
  const attacker = new Program('test/soak/attackers.js', args);
  try {
    const gone = program.finished.then(({ stderr }) => {
      throw new Error(`the server is gone:\n${stderr}`);
    });
    const { status, stdout, stderr } = await Promise.race([ended(attacker, deadlineMs), gone]);
    if (status !== 0) throw new Error(`the attackers failed: ${stderr}`);
    return stdout;
  } finally {
    attacker.kill();
    await attacker.finished;
  }
}
