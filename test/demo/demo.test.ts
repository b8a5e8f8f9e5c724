// The verdict of `make demo`: expected, unexpected or inconclusive, from fabricated observations.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inconclusive, isSettled, LETTERS, type Observed, unmetAtLunch } from './expectations.js';

/** A model that answers all letters, and gets 30 % of a core on a busy machine. */
function observed(wanted: number | undefined): Observed {
  return { answered: LETTERS, cpu: { used: 30, wanted }, clientThreads: 0, blocked: false };
}

test('whether a model saturates a core is measured by its demand, not by its share', () => {
  assert.equal(unmetAtLunch('nonblocking', observed(98)), []);
  assert.equal(unmetAtLunch('events', observed(3)), []);
  assert.equal(unmetAtLunch('events', observed(98)), [
    'events: expected: wants less than 20 % of a core, got: wants more than 50 % of a core',
  ]);
  assert.is(unmetAtLunch('nonblocking', observed(3)).length, 1);
});

test('where the demand cannot be measured, no expectation fails, and the reason is given', () => {
  for (const [wanted, why, settled] of [
    [35, 'the machine is too busy, it wants 35 % of a core', false],
    [undefined, 'this kernel does not count how long its threads wait for a core', true],
  ] as const) {
    const atLunch = observed(wanted);
    assert.equal(unmetAtLunch('nonblocking', atLunch), []);
    assert.is(isSettled(atLunch), settled);
    assert.equal(inconclusive([{ model: 'nonblocking', atLunch, answeredAfterLunch: LETTERS }]), [
      `nonblocking: whether it is busy or idle is inconclusive: ${why}`,
    ]);
  }
  assert.not(isSettled({ ...observed(98), cpu: undefined }));
});

test('unanswered letters fail the expectation on every machine', () => {
  assert.equal(unmetAtLunch('events', { ...observed(3), answered: 4 }), [
    'events: expected: answers 5 of 5 letters, got: answers 4 of 5 letters',
  ]);
});

test.run();
