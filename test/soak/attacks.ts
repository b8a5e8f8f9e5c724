// Attacks by many clients, or with much by one: each beside a healthy client, which must not notice, and with a look at
// what it leaves behind in the server.

import { setTimeout as sleep } from 'node:timers/promises';
import { ended, Program } from '../support/program.js';
import { at } from '../support/servers.js';
import type { Probe } from './in-process-probe.js';
import {
  HealthyClient,
  type InstrumentedServer,
  Newcomers,
  NOT_WATCHED,
  unaffected,
  withHealthyClient,
  withInstrumented,
} from './instrumented-server.js';
import { atMost, exactly, info, nothing, type Row, type Scope, scaled } from './suite.js';

const DEAF = 1_000;
/** What each of them sends at a time: little, and as much as a session takes (and holds, while replies are owed). */
const DEAF_LETTERS = { little: 10, much: 1_024 };
const RESETS = 50_000;
const PASTED_MB = 1_000;
const FLOODS = { clients: 300, seconds: 20 };
/** Who comes during a flood waits at most so many times as long as who is connected. */
const NEWCOMER_SHARE = 5;
/** As it is by default; less in a share. */
const STALL_SECONDS = 30;
/** Connections that are reset before the server is first looked at, so that it has its working size. */
const WARM_UP = 5_000;
/** Letters of the healthy client before anything else happens. */
const HEALTHY_BEFORE = 20;
/** After an attack, until what is closed has gone. */
const SETTLE_MS = 500;
/** Attackers that are not done by then never will be. */
const DEADLINE_MS = { least: 30_000, all: 240_000 };
/** So much of a paste the kernels may take for server and client. */
const TAKEN_MB = 64;

interface Attack {
  readonly what: string;
  /** In the words of attackers.ts. */
  readonly kind: 'deaf' | 'resets' | 'paste' | 'controls' | 'lines';
  readonly amount: number;
  /** How many at a time, or in a flood for how many seconds. */
  readonly letters?: number;
  readonly warmUp?: number;
  readonly args: readonly string[];
  /** How much the memory of the server may grow meanwhile, and how much of its heap may stay, in MiB. */
  readonly growth: number;
  readonly left: number;
  /** How many are cut off by the server in the end. */
  readonly stalled: number;
}

export async function deaf(scope: Scope): Promise<Row[]> {
  return [...(await deafWithLittle(scope)), ...(await deafWithMuch(scope))];
}

export function deafWithLittle(scope: Scope): Promise<Row[]> {
  return deafWith(DEAF_LETTERS.little, scope);
}

/** The text is 1 MB at once, and so is every reply: how late these come is told and not judged. */
export function deafWithMuch(scope: Scope): Promise<Row[]> {
  return deafWith(DEAF_LETTERS.much, { ...scope, latencyMs: Number.POSITIVE_INFINITY });
}

async function deafWith(letters: number, scope: Scope): Promise<Row[]> {
  const amount = scaled(DEAF, scope, 20);
  const args = [...stallTimeout(scope), '--max-length', String(64 * 2 ** 20)];
  const what = `clients that send for ever, ${letters.toLocaleString('en')} letters at a time, and never read`;
  const limits = { growth: 64, left: 4, stalled: amount }; // the text is among what is left
  return (await attack({ what, kind: 'deaf', amount, letters, args, ...limits }, scope)).rows;
}

export async function resets(scope: Scope): Promise<Row[]> {
  const [amount, warmUp] = [scaled(RESETS, scope, 200), scaled(WARM_UP, scope, 100)];
  const what = 'clients that connect and reset';
  const limits = { growth: 32, left: 2, stalled: 0 };
  const { rows } = await attack({ what, kind: 'resets', amount, warmUp, args: [], ...limits }, scope);
  return rows;
}

export async function paste(scope: Scope): Promise<Row[]> {
  const megabytes = scaled(PASTED_MB, scope, 100);
  const what = 'MB pasted by one client that reads nothing';
  const limits = { growth: 32, left: 2, stalled: 1 };
  const args = stallTimeout(scope);
  const amount = 1e6 * megabytes;
  const { rows, said } = await attack({ what, kind: 'paste', amount, args, ...limits }, scope);
  const taken = [...said.matchAll(/taken (\d+)/g)].map(([, bytes]) => Number(bytes));
  return [...rows, atMost('  of it left the client', Math.max(0, ...taken) / 1e6, TAKEN_MB, 'MB')];
}

/** Clients that send what stores nothing as fast as the server takes it, each model that serves several at a time. */
export async function floods(scope: Scope): Promise<Row[]> {
  const [amount, letters] = [scaled(FLOODS.clients, scope, 20), scaled(FLOODS.seconds, scope)];
  const limits = { growth: 64, left: 4, stalled: 0 };
  const rows: Row[] = [];
  for (const io of ['events', 'poll'] as const) {
    for (const kind of ['controls', 'lines'] as const) {
      const what = `clients that flood --io ${io} with ${kind === 'lines' ? 'line ends' : 'control characters'}`;
      const one = { what, kind, amount, letters, args: ['--io', io], ...limits };
      rows.push(...(await attack(one, scope)).rows);
    }
  }
  return rows;
}

function stallTimeout(scope: Scope): string[] {
  return ['--stall-timeout', String(scaled(STALL_SECONDS, scope))];
}

/** @returns rows, and what the attackers have said */
async function attack(
  { what, kind, amount, letters, warmUp, args, growth, left, stalled }: Attack,
  { share, latencyMs, progress }: Scope,
): Promise<{ rows: Row[]; said: string }> {
  const rows: Row[] = [info(what, kind === 'paste' ? amount / 1e6 : amount)];
  let said = '';
  if (NOT_WATCHED !== undefined) return { rows: [info(what, NOT_WATCHED)], said };
  progress(0, amount);
  const deadlineMs = DEADLINE_MS.least + share * DEADLINE_MS.all;
  await withHealthyClient(async (other) => {
    await withInstrumented(args, async (server) => {
      const healthy = new HealthyClient(server.address);
      await healthy.answered(HEALTHY_BEFORE);
      if (warmUp !== undefined) await attackers([kind, warmUp], server, deadlineMs);
      const before = { ...server.memory, descriptors: server.descriptors, ...(await server.look()) };
      const first = healthy.times.length;
      const newcomers = new Newcomers(server.address);
      said = await attackers([kind, amount, letters], server, deadlineMs);
      await newcomers.stop();
      const open = await server.descriptorsBeyond(before.descriptors);
      const { heapMiB } = await settled(server);
      const { peakMiB } = server.memory;
      await healthy.stop();
      const { text, stderr } = await server.stop();
      const cutOff = /([\d,]+) stalled/.exec(stderr)?.[1]?.replaceAll(',', '') ?? 0;
      rows.push(
        atMost('  a healthy client is answered in (p99)', healthy.p99(first), latencyMs, 'ms'),
        atMost('  one that comes meanwhile (p99)', newcomers.p99, NEWCOMER_SHARE * latencyMs, 'ms'),
        unaffected(other),
        nothing('  promises broken to it', healthy.broken(text)),
        atMost('  growth of the memory of the server', peakMiB - before.residentMiB, growth, 'MiB'),
        atMost('  growth of its live objects', heapMiB - before.heapMiB, left, 'MiB'),
        exactly('  descriptors left open', open, 0),
        exactly('  cut off', Number(cutOff), stalled),
      );
    });
  });
  return { rows, said };
}

/** What was closed a moment ago is collected at the second look. */
async function settled(server: InstrumentedServer): Promise<Probe> {
  await server.look();
  await sleep(SETTLE_MS);
  return server.look();
}

/** Resolves to what they said when the server has closed them all, or they have. @throws Error when that does not happen */
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
