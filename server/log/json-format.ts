// Events as JSON lines, as pino writes them: its tools read `level`, `time` and `msg`.

import { formatAddress } from '../../shared/address.js';
import { escapeUnprintable } from '../../shared/escape.js';
import { isDetail, type LogEntry, type ServerEvent } from './events.js';
import { formatText } from './text-format.js';

/** @param verbose whether `msg` names descriptors and both ends of a connection */
export function formatJson({ at, event }: LogEntry, verbose: boolean): string {
  const safe = (_key: string, value: unknown) =>
    typeof value === 'string' ? escapeUnprintable(value) : value;
  const msg = message(event) ?? formatText(event, verbose);
  return JSON.stringify({ level: levelOf(event), time: Math.round(at), ...event, msg }, safe);
}

/** Events without a text line, because stdout or the command's failure says the same. */
function message(event: ServerEvent): string | undefined {
  if (event.type === 'listening') return `listening on ${formatAddress(event.address)} (${event.io})`;
  if (event.type === 'journalFailed' || event.type === 'clusterFailed' || event.type === 'failed')
    return event.message;
  return undefined;
}

const [DEBUG, INFO, WARN, ERROR, FATAL] = [20, 30, 40, 50, 60] as const;

function levelOf(event: ServerEvent): number {
  if (isDetail(event)) return DEBUG;
  switch (event.type) {
    case 'warning':
    case 'rejected':
    case 'rejectedSummary':
    case 'logDropped':
    case 'memberLost':
      return WARN;
    case 'closed':
      return event.reason === 'stalled' || event.reason === 'drainTimeout' ? WARN : INFO;
    case 'diskFull':
    case 'journalFailed':
    case 'clusterFailed':
    case 'etcdUnavailable':
      return ERROR;
    case 'failed':
      return FATAL;
    case 'appended':
      return DEBUG;
    default:
      return INFO;
  }
}
