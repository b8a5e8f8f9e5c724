// Runs tests of one uvu suite concurrently; for tests that mostly wait.

import type { Test } from 'uvu';

/**
 * Registers tests of which up to `atOnce` run at the same time; results are reported in order. Such tests must not share
 * state.
 */
export function concurrent(test: Test, atOnce: number): (name: string, body: () => Promise<void>) => void {
  const bodies: Array<() => Promise<void>> = [];
  const outcomes = new Map<number, Promise<{ readonly error: unknown } | undefined>>();
  const start = (body: () => Promise<void>) =>
    body().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
  return (name, body) => {
    const position = bodies.push(body) - 1;
    test(name, async () => {
      for (const [index, next] of bodies.entries()) {
        const near = index >= position && index < position + atOnce;
        if (near && !outcomes.has(index)) outcomes.set(index, start(next));
      }
      const outcome = await outcomes.get(position);
      if (outcome !== undefined) throw outcome.error;
    });
  };
}
