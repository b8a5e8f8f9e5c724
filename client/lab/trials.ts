// What experiments have in common: which servers they take, a trial for each server and parameter, and how their
// conclusions are worded.

import type { LoadPlan } from '../load/plan.js';
import type { LabOptions, Trial } from './experiment.js';
import type { ServerUnderTest } from './servers-under-test.js';

/** The servers that can run on this machine, of strsvr's I/O models only the selected ones. */
export function pick(lab: LabOptions, names: readonly string[], quick = names): ServerUnderTest[] {
  return lab.targets.filter(({ name }) => (lab.quick ? quick : names).includes(name));
}

/**
 * A trial for each of these servers at each value of the variable.
 * @param how a plan of a load is enough, where nothing but that is run
 */
export function trials<Value>(
  targets: readonly ServerUnderTest[],
  values: readonly Value[],
  parameter: (value: Value) => string,
  how: (target: ServerUnderTest, value: Value) => Trial['measure'] | Partial<LoadPlan>,
): Trial[] {
  return targets.flatMap((target) =>
    values.map((value) => {
      const made = how(target, value);
      const measure: Trial['measure'] =
        typeof made === 'object' ? (context) => context.run(target, [], made) : made;
      return { target: target.name, parameter: parameter(value), measure };
    }),
  );
}

/** One sentence of these clauses, if there are any. */
export function sentence(clauses: readonly string[], start = ''): string[] {
  return clauses.length === 0 ? [] : [`${start}${clauses.join('; ')}.`];
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(words);
}
