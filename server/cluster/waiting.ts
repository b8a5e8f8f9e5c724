// Waiting for time and for conditions. Time comes from a Clock, so that a simulation can replace it.

/** Milliseconds of a monotonic clock. */
export interface Clock {
  now(): number;
  /** Calls back once, after a time; after 0 ms: at the end of this turn of the event loop. @returns what cancels it */
  after(ms: number, callback: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    if (ms === 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** Resolves and rejects as the promise does; rejects when that takes too long. */
export async function within<T>(clock: Clock, promise: Promise<T>, ms: number, what: string): Promise<T> {
  let cancel = (): void => {};
  const tooLate = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(new Error(`${what} for ${ms} ms`)));
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    cancel();
  }
}

/** Lets several wait, each for a condition of its own, until something has changed that makes it true. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Evaluates the conditions. */
  notify(): void {
    for (const evaluate of [...this.#waiting]) evaluate();
  }

  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const evaluate = () => {
        if (!isTrue()) return;
        this.#waiting.delete(evaluate);
        resolve();
      };
      this.#waiting.add(evaluate);
      evaluate();
    });
  }
}
