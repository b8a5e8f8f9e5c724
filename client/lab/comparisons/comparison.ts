// What all comparisons of `make bench` share. A comparison is an experiment that is held to goals and draws nothing.

import type { Evidence, Place } from '../evidence.js';
import type { Cell, Experiment, Lab, Measured } from '../experiment.js';
import { list } from '../experiments/common.js';
import type { Goal } from '../goals.js';

/** Lines without a letter that each client sends before a closed loop is measured. */
export const WARM_UP = 200;
export const CLOSED_LOOP = `closed loop: each client sends its next letter when it has the answer. Before, each sends ${WARM_UP} line ends to warm up, which store nothing`;

export interface Comparison extends Experiment {
  readonly goals: readonly Goal[];
}

/** Who is at work for so much of a core holds up the other. */
const BUSY = 80;

export function comparison(made: {
  readonly id: string;
  readonly question: string;
  readonly loop: string;
  readonly shown: readonly string[];
  readonly cells: (lab: Lab) => Cell[];
  readonly goals: readonly Goal[];
}): Comparison {
  const cells = (lab: Lab) => made.cells(lab).map(completed);
  return { varies: 'the server', expects: '', conclude: bottlenecks, charts: () => [], ...made, cells };
}

/** A run that the load gave up on says nothing about how fast the others were. */
function completed({ measure, ...cell }: Cell): Cell {
  if (typeof measure === 'string') return { ...cell, measure };
  return {
    ...cell,
    measure: async (bench): Promise<Measured> => {
      const measured = await measure(bench);
      const { answered = 1, sent = 1 } = measured.load ?? {};
      return answered > 0 && answered === sent
        ? measured
        : { ...measured, void: 'it did not answer everything in time' };
    },
  };
}

/** Which side each server's runs waited for. */
function bottlenecks(evidence: Evidence): string[] {
  const measured = evidence.places.filter((place) => Number.isFinite(evidence.median(place, 'load CPU %')));
  const sides = (['the server', 'the load', 'neither side'] as const).map((side) => {
    const places = measured.filter((place) => bottleneck(evidence, place) === side);
    return places.length === 0 ? '' : `${side} for ${list(places.map(name))}`;
  });
  const said = sides.filter((side) => side !== '');
  return said.length === 0 ? [] : [`The bottleneck was ${said.join('; ')}.`];
}

function bottleneck(evidence: Evidence, place: Place): 'the server' | 'the load' | 'neither side' {
  const server = evidence.median(place, 'server CPU %');
  const load = evidence.median(place, 'load CPU %');
  if (Math.max(server, load) < BUSY) return 'neither side';
  return server >= load ? 'the server' : 'the load';
}

function name({ target, level }: Place): string {
  return `${target} (${level})`;
}
