// What the I/O models promise while client 1 is out to lunch, as data, and whether that was seen. The conclusion is
// made from the figures alone: it would say so if threads burned the core.

import type { IoModelName } from 'strsvr';
import type { CpuShares } from './process-stats.js';

export const MODELS = ['blocking', 'nonblocking', 'threads', 'events'] as const satisfies IoModelName[];
export type Model = (typeof MODELS)[number];

/** What client 2 types, letter by letter. The tutorial's client 1 has none of them. */
export const WORD = 'hurry';
export const LETTERS = WORD.length;

/** A server that wants more than this share of a core burns it. */
export const BURNING_PERCENT = 50;
/** One that wants less than this rests. Between the two nothing can be told. */
const RESTING_PERCENT = 20;

/** What is seen of a server. */
export interface Figures {
  /** For so many of its letters client 2 has got the whole string. */
  readonly answered: number;
  /** undefined while it was not watched long enough. */
  readonly cpu: CpuShares | undefined;
  /** Kernel threads that the server did not have without clients. */
  readonly clientThreads: number;
  /** Whether the server says that everybody waits. */
  readonly everybodyWaits: boolean;
}

export interface Outcome {
  readonly model: Model;
  readonly atLunch: Figures;
  /** Letters that were answered in the end, when client 1 had left. */
  readonly answeredAfterLunch: number;
}

const RESTING = { answered: LETTERS, cpu: { used: 0, wanted: 0 }, clientThreads: 0, everybodyWaits: false };
/** Of the share of a core, all that is promised is whether the server burns it or rests. */
const PROMISED: Record<Model, Figures> = {
  blocking: { ...RESTING, answered: 0, everybodyWaits: true },
  nonblocking: { ...RESTING, cpu: { used: 100, wanted: 100 } },
  threads: { ...RESTING, clientThreads: 2 },
  events: RESTING,
};

/** Of the letters typed so far, how many the model promises to answer. */
export function expectedAnswers(model: Model, typed: number): number {
  return Math.min(typed, PROMISED[model].answered);
}

/** Where a model at lunch is not as promised: a line for each place, none when all is. */
export function broken(model: Model, seen: Figures): string[] {
  const [promisedLoad, seenLoad] = [load(PROMISED[model]), load(seen)];
  return [
    ...compare(model, facts(PROMISED[model]), facts(seen)),
    ...(promisedLoad === undefined || seenLoad === undefined
      ? []
      : compare(model, [promisedLoad], [seenLoad])),
  ];
}

/** Whether it burns a core or rests can be told, or never will be. */
export function isSettled({ cpu }: Figures): boolean {
  return cpu !== undefined && (cpu.wanted === undefined || load({ cpu }) !== undefined);
}

/** A line for each model of which nothing can be told about the core. */
export function untold(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ atLunch }) => load(atLunch) === undefined)
    .map(({ model, atLunch: { cpu } }) => {
      const why =
        cpu?.wanted === undefined
          ? 'this kernel does not say how long its threads wait for a core'
          : `the machine is too busy, it wants ${cpu.wanted} % of a core`;
      return `${model}: whether it burns a core or rests cannot be told: ${why}`;
    });
}

/** The same for the whole act: what had to wait is answered in the end, by every model. */
export function unmetExpectations(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ model, atLunch, answeredAfterLunch }) => [
    ...broken(model, atLunch),
    ...compare(`${model}, after lunch`, [answers(LETTERS)], [answers(answeredAfterLunch)]),
  ]);
}

/** What there was to see, in a few sentences. */
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

function facts({ answered, clientThreads, everybodyWaits }: Figures): string[] {
  return [
    answers(answered),
    `has ${clientThreads} client threads`,
    `says ${everybodyWaits ? '' : 'nothing like '}"everybody waits"`,
  ];
}

/** By the CPU that it wants: a busy machine cannot hide that. undefined: nothing can be told. */
function load({ cpu }: Pick<Figures, 'cpu'>): string | undefined {
  if (cpu?.wanted === undefined) return undefined;
  if (cpu.wanted > BURNING_PERCENT) return `wants more than ${BURNING_PERCENT} % of a core`;
  if (cpu.wanted < RESTING_PERCENT) return `wants less than ${RESTING_PERCENT} % of a core`;
  return undefined;
}

function answers(count: number): string {
  return `answers ${count} of ${LETTERS} letters`;
}

function compare(where: string, expected: readonly string[], got: readonly string[]): string[] {
  return expected.flatMap((fact, index) =>
    fact === got[index] ? [] : [`${where}: expected that it ${fact}, got that it ${got[index]}`],
  );
}
