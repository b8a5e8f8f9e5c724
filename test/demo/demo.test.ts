// What `make demo` calls as promised, not as promised, and not to be told: from made figures.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { broken, type Figures, isSettled, LETTERS, untold } from './expectations.js';

/** A model that answers all, and gets 30 % of a core on a busy machine. */
function figures(wanted: number | undefined): Figures {
  return { answered: LETTERS, cpu: { used: 30, wanted }, clientThreads: 0, everybodyWaits: false };
}

test('whether a model saturates a core is measured by its demand, not by its share', () => {
  assert.equal(broken('nonblocking', figures(98)), []);
  assert.equal(broken('events', figures(3)), []);
  assert.equal(broken('events', figures(98)), [
    'events: expected that it wants less than 20 % of a core, got that it wants more than 50 % of a core',
  ]);
  assert.is(broken('nonblocking', figures(3)).length, 1);
});

test('where the demand cannot be measured, no expectation fails, and the reason is given', () => {
  for (const [wanted, why, settled] of [
    [35, 'the machine is too busy, it wants 35 % of a core', false],
    [undefined, 'this kernel does not say how long its threads wait for a core', true],
  ] as const) {
    const atLunch = figures(wanted);
    assert.equal(broken('nonblocking', atLunch), []);
    assert.is(isSettled(atLunch), settled);
    assert.equal(untold([{ model: 'nonblocking', atLunch, answeredAfterLunch: LETTERS }]), [
      `nonblocking: whether it burns a core or rests cannot be told: ${why}`,
    ]);
  }
  assert.not(isSettled({ ...figures(98), cpu: undefined }));
});

test('unanswered letters fail the expectation on every machine', () => {
  assert.equal(broken('events', { ...figures(3), answered: 4 }), [
    'events: expected that it answers 5 of 5 letters, got that it answers 4 of 5 letters',
  ]);
});

test.run();
