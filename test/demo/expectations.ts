// What is expected of each I/O model while client 1 is out to lunch, as data, and how it differs from what was observed.
// The conclusion is made from observed numbers alone.

import type { IoModelName } from 'strsvr';
import type { CpuShares } from './process-stats.js';

export const MODELS = ['blocking', 'nonblocking', 'threads', 'events'] as const satisfies IoModelName[];
export type Model = (typeof MODELS)[number];

/** What client 2 types, letter by letter. The tutorial's client 1 uses none of these letters. */
export const WORD = 'hurry';
export const LETTERS = WORD.length;

/** A server that wants more than this share of a core is busy, one that wants less than the next is idle. */
export const BUSY_PERCENT = 50;
const IDLE_PERCENT = 20;

/** What is observed of a server. */
export interface Observed {
  /** Letters for which client 2 got the whole string. */
  readonly answered: number;
  /** undefined until it was observed long enough. */
  readonly cpu: CpuShares | undefined;
  /** Kernel threads beside those of a server without clients. */
  readonly clientThreads: number;
  /** Whether the server logs that all clients wait for one. */
  readonly blocked: boolean;
}

export interface Outcome {
  readonly model: Model;
  readonly atLunch: Observed;
  /** Letters that were answered after client 1 had disconnected. */
  readonly answeredAfterLunch: number;
}

const SERVING = { answered: LETTERS, cpu: { used: 0, wanted: 0 }, clientThreads: 0, blocked: false };
/** Of the share of a core, only busy or idle is expected. */
const EXPECTED: Record<Model, Observed> = {
  blocking: { ...SERVING, answered: 0, blocked: true },
  nonblocking: { ...SERVING, cpu: { used: 100, wanted: 100 } },
  threads: { ...SERVING, clientThreads: 2 },
  events: SERVING,
};

/** Of the letters typed so far, how many the model is expected to answer. */
export function expectedAnswers(model: Model, typed: number): number {
  return Math.min(typed, EXPECTED[model].answered);
}

/** A line for each difference between expected and observed. */
export function unmetAtLunch(model: Model, observed: Observed): string[] {
  const [expectedLoad, observedLoad] = [load(EXPECTED[model]), load(observed)];
  return [
    ...compare(model, facts(EXPECTED[model]), facts(observed)),
    ...(expectedLoad === undefined || observedLoad === undefined
      ? []
      : compare(model, [expectedLoad], [observedLoad])),
  ];
}

/** Whether a longer observation cannot show more about busy or idle. */
export function isSettled({ cpu }: Observed): boolean {
  return cpu !== undefined && (cpu.wanted === undefined || load({ cpu }) !== undefined);
}

/** A line for each model of which busy or idle is unknown. */
export function inconclusive(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ atLunch }) => load(atLunch) === undefined)
    .map(({ model, atLunch: { cpu } }) => {
      const why =
        cpu?.wanted === undefined
          ? 'this kernel does not count how long its threads wait for a core'
          : `the machine is too busy, it wants ${cpu.wanted} % of a core`;
      return `${model}: whether it is busy or idle is inconclusive: ${why}`;
    });
}

/** The same for the whole act: in the end every model has answered all letters. */
export function unmetExpectations(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ model, atLunch, answeredAfterLunch }) => [
    ...unmetAtLunch(model, atLunch),
    ...compare(`${model}, after lunch`, [answers(LETTERS)], [answers(answeredAfterLunch)]),
  ]);
}

/** What was observed, in a few sentences. */
export function conclusion(outcomes: readonly Outcome[]): string {
  const answering = outcomes.map(({ model, atLunch: { answered } }, index) =>
    index === 0 ? `${model} answered ${answered} of ${LETTERS} letters` : `${model} ${answered}`,
  );
  const served = outcomes.filter(({ atLunch }) => atLunch.answered === LETTERS);
  const costs = served.map(({ model, atLunch: { cpu, clientThreads } }, index) =>
    index === 0
      ? `That took ${model} ${cpu?.used ?? '…'} % of a core and ${clientThreads} client threads`
      : `${model} ${cpu?.used ?? '…'} % and ${clientThreads}`,
  );
  const late = outcomes
    .filter((outcome) => !served.includes(outcome))
    .map(({ model, answeredAfterLunch }) => `${model} answered ${answeredAfterLunch}`);
  return [
    `While client 1 was out to lunch, ${answering.join(', ')}.`,
    ...(costs.length > 0 ? [`${costs.join(', ')}.`] : []),
    ...(late.length > 0 ? [`When client 1 had left, ${late.join(', ')}.`] : []),
  ].join(' ');
}

function facts({ answered, clientThreads, blocked }: Observed): string[] {
  return [
    answers(answered),
    `has ${clientThreads} client threads`,
    `${blocked ? 'logs' : 'does not log'} "all clients wait"`,
  ];
}

/** By the CPU that it wants, which a busy machine cannot hide. @returns undefined if it is unknown */
function load({ cpu }: Pick<Observed, 'cpu'>): string | undefined {
  if (cpu?.wanted === undefined) return undefined;
  if (cpu.wanted > BUSY_PERCENT) return `wants more than ${BUSY_PERCENT} % of a core`;
  if (cpu.wanted < IDLE_PERCENT) return `wants less than ${IDLE_PERCENT} % of a core`;
  return undefined;
}

function answers(count: number): string {
  return `answers ${count} of ${LETTERS} letters`;
}

function compare(where: string, expected: readonly string[], got: readonly string[]): string[] {
  return expected.flatMap((fact, index) =>
    fact === got[index] ? [] : [`${where}: expected: ${fact}, got: ${got[index]}`],
  );
}
