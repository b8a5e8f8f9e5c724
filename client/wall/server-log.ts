// The lines that a server prints: the JSON events of strsvr that a wall needs, and all else as text.

import type { Address } from '../../shared/address.js';

/** Events of `strsvr --log json`, as server/README.md lists them. */
export type LogEvent =
  | { readonly type: 'listening'; readonly address: Address; readonly io: string }
  | { readonly type: 'accepted'; readonly client: number; readonly remote: Address }
  | { readonly type: 'closed'; readonly client: number }
  | {
      readonly type: 'appended';
      readonly client: number;
      readonly offset: number;
      readonly codePoint: number;
    };

/** What a line is: an event, the message of an event that a wall does not need, or text. */
export type LogLine = { readonly event: LogEvent } | { readonly message: string } | { readonly text: string };

const TYPES: ReadonlySet<unknown> = new Set(['listening', 'accepted', 'closed', 'appended'] satisfies Array<
  LogEvent['type']
>);

export function readLogLine(line: string): LogLine {
  if (!line.startsWith('{"level":')) return { text: line };
  try {
    const entry: { readonly type?: unknown; readonly msg?: unknown } = JSON.parse(line);
    if (TYPES.has(entry.type)) return { event: entry as LogEvent };
    return { message: String(entry.msg) };
  } catch {
    return { text: line };
  }
}
