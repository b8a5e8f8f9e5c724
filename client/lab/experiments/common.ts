// What several experiments say or pick in the same way.

import type { LabOptions } from '../experiment.js';
import type { ServerUnderTest } from '../server-under-test.js';

/** Our server with the I/O models that were asked for. */
export function ours({ targets, models }: LabOptions): ServerUnderTest[] {
  return models.flatMap((model) => targets.find(({ name }) => name === model) ?? []);
}

/** Those of these targets that are here; of our own, those that were asked for. */
export function pick(lab: LabOptions, names: readonly string[]): ServerUnderTest[] {
  return lab.targets.filter(({ name }) => names.includes(name));
}

/** What was found about something; nothing where nothing was. */
export function clause(what: string, found: string | undefined): string[] {
  return found === undefined ? [] : [`${what}: ${found}`];
}

/** One sentence of these clauses, if there are any. */
export function sentence(clauses: readonly string[]): string[] {
  return clauses.length === 0 ? [] : [`${clauses.join('; ')}.`];
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(words);
}
