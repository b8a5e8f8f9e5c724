// GET /connections: the connected clients as JSON, as NATS shows them at /connz.

import { connectionFinder } from '../../shared/proc-sockets.js';
import {
  LAST_ACTIVITY,
  LETTERS,
  PENDING_BYTES,
  PENDING_REPLIES,
  RECEIVED_BYTES,
  SENT_BYTES,
  SESSION_STATES,
  STATE,
} from '../measure/meter.js';
import type { Source } from './source.js';

const DEFAULT_LIMIT = 1_024;

/** @param query may have `limit` and `offset` */
export function connections({ io, monitor, meter }: Source, query: URLSearchParams) {
  const number = (name: string, byDefault: number) => {
    const value = query.get(name) ?? '';
    return /^\d{1,9}$/.test(value) ? Number(value) : byDefault;
  };
  const [limit, offset] = [number('limit', DEFAULT_LIMIT), number('offset', 0)];
  const rows = meter.rows();
  const all = [...monitor.connected.values()];
  const find = connectionFinder(all[0]?.local.port ?? 0);
  return {
    io,
    connected: all.length,
    accepted: monitor.accepted,
    offset,
    limit,
    connections: all.slice(offset, offset + limit).map(({ client, remote, local, since, fd }) => {
      const row = rows.get(client);
      const kernel = find(local, remote);
      return {
        client,
        remote,
        local,
        ...(fd !== undefined && { fd }),
        since: new Date(since).toISOString(),
        lastActivity: new Date(row?.[LAST_ACTIVITY] || since).toISOString(),
        /** What the I/O model waits for: input, the client's taking of output, or durability. */
        waitsFor: SESSION_STATES[row?.[STATE] ?? 0],
        letters: row?.[LETTERS] ?? 0,
        pendingReplies: row?.[PENDING_REPLIES] ?? 0,
        pendingBytes: row?.[PENDING_BYTES] ?? 0,
        receivedBytes: row?.[RECEIVED_BYTES] ?? 0,
        /** Passed on to the socket. */
        sentBytes: row?.[SENT_BYTES] ?? 0,
        /** Recv-Q and Send-Q of ss(8): not yet read by the server, not yet acknowledged by the client; null: unknown. */
        receiveQueueBytes: kernel?.rxBytes ?? null,
        sendQueueBytes: kernel?.txBytes ?? null,
      };
    }),
  };
}
