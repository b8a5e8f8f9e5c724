import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { simulateCluster } from '../support/cluster-simulator.js';

/** Seeds that once failed. */
const REGRESSION_SEEDS: readonly number[] = [];

test('1,000 seeds: all replies of all servers are linearizable, and every letter is answered in the end', async () => {
  for (const seed of [...REGRESSION_SEEDS, ...Array.from({ length: 1_000 }, (_, i) => i + 1)]) {
    const wrong = await simulateCluster(seed);
    assert.is(wrong, undefined, `seed ${seed}: ${wrong}`);
  }
});

test('the same seed gives the same run', async () => {
  for (let seed = 1; seed < 10; seed += 1)
    assert.is(await simulateCluster(seed), await simulateCluster(seed));
});

test.run();
