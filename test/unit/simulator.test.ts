import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { simulate } from '../support/simulator.js';

/** Seeds that once failed, each with what it found. */
const REGRESSION_SEEDS: readonly number[] = [];

test('2,000 seeds violate no invariant', () => {
  for (const seed of [...REGRESSION_SEEDS, ...Array.from({ length: 2_000 }, (_, i) => i + 1)]) {
    assert.is(simulate(seed), undefined, `seed ${seed}; to see it alone: simulate(${seed})`);
  }
});

test('the same seed gives the same run', () => {
  for (let seed = 1; seed < 50; seed += 1) assert.is(simulate(seed), simulate(seed));
});

test.run();
