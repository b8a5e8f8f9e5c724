// Clients that send letters and record letters and replies as a history for shared/linearizability.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'strsvr/client';
import { OperationalError } from '../../shared/errors.js';
import { fingerprint, type Operation } from '../../shared/linearizability.js';
import type { Address } from './servers.js';

const LETTERS = ['a', 'é', '€', '😀'] as const;

export interface RecordingClient {
  /** Returns the next letter to send; default: four letters of different lengths, repeated. */
  readonly letter?: () => string;
  /** Number of letters to send; default: until the connection ends. */
  readonly letters?: number;
  /** The most unanswered letters at a time. */
  readonly unanswered?: number;
  /** Closes the connection after this time. */
  readonly timeoutMs?: number;
  /** Evaluated before each letter: whether to send no more. */
  readonly done?: () => boolean;
  /** Pause after each reply. */
  readonly pauseMs?: number;
}

/**
 * Sends letters until all are answered or the connection has ended; the remaining ones are recorded as unanswered.
 * @throws Error at an invalid reply
 */
export async function recordClient(
  address: Address,
  client: number,
  options: RecordingClient,
): Promise<Operation[]> {
  const { letter: next, letters = Number.POSITIVE_INFINITY, unanswered = 1, timeoutMs } = options;
  const { done = () => false, pauseMs } = options;
  const history: Operation[] = [];
  try {
    const connection = await connect(address);
    const giveUp = timeoutMs === undefined ? undefined : setTimeout(() => connection.close(), timeoutMs);
    const sendOneByOne = async () => {
      while (history.length < letters && !done()) {
        const index = history.length;
        const letter = next?.() ?? LETTERS[index % LETTERS.length] ?? 'z';
        const sent = performance.now();
        history.push({ client, letter, sent });
        const reply = fingerprint(Buffer.from(await connection.send(letter)));
        history[index] = { client, letter, sent, answer: { at: performance.now(), reply } };
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
    };
    try {
      await Promise.all(Array.from({ length: unanswered }, sendOneByOne));
    } finally {
      clearTimeout(giveUp);
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof OperationalError) || error.code === 'NOT_A_REPLY') throw error;
  }
  return history;
}
