// Clients that send letters, look at the replies and write down both, as a history that shared/linearizability.ts can check.

import { connect } from 'strsvr/client';
import { OperationalError } from '../../shared/errors.js';
import { fingerprint, type Operation } from '../../shared/linearizability.js';
import type { Address } from './servers.js';

const LETTERS = ['a', 'é', '€', '😀'] as const;

export interface RecordingClient {
  /** The next letter to send; without: four of different lengths, again and again. */
  readonly letter?: () => string;
  /** Letters that it sends; without: until the connection ends. */
  readonly letters?: number;
  /** So many letters may be unanswered at a time. */
  readonly unanswered?: number;
  /** It gives up after so long. */
  readonly patienceMs?: number;
}

/**
 * Sends letters until all are answered or the connection has ended; what is not answered by then stays not known.
 * @throws Error when what came is no reply
 */
export async function talk(
  address: Address,
  client: number,
  { letter: next, letters = Number.POSITIVE_INFINITY, unanswered = 1, patienceMs }: RecordingClient,
): Promise<Operation[]> {
  const history: Operation[] = [];
  try {
    const connection = await connect(address);
    const giveUp = patienceMs === undefined ? undefined : setTimeout(() => connection.close(), patienceMs);
    const sendOneByOne = async () => {
      while (history.length < letters) {
        const index = history.length;
        const letter = next?.() ?? LETTERS[index % LETTERS.length] ?? 'z';
        const sent = performance.now();
        history.push({ client, letter, sent });
        const reply = fingerprint(Buffer.from(await connection.send(letter)));
        history[index] = { client, letter, sent, answer: { at: performance.now(), reply } };
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
