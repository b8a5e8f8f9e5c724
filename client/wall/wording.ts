// The states of a client and how the pages write them: for the wall, and shorter for a narrow screen. Also how durations are
// written. Used by the server and in browsers, so it imports nothing.

export const CLIENT_STATES = [
  'silent',
  'awaited',
  'ownThread',
  'unread',
  'notAccepted',
  'unanswered',
  'notReading',
  'left',
] as const;
export type ClientState = (typeof CLIENT_STATES)[number];

export const WORDS: Readonly<Record<ClientState, string>> = {
  silent: 'silent',
  awaited: 'silent; the server sleeps for it',
  ownThread: 'silent; its own thread sleeps',
  unread: 'has sent, is not read',
  notAccepted: 'is not even accepted',
  unanswered: 'is read, not answered',
  notReading: 'does not read its replies',
  left: 'has left; the server does not know',
};

export const SHORT_WORDS: Readonly<Record<ClientState, string>> = {
  silent: 'silent',
  awaited: 'awaited',
  ownThread: 'own thread',
  unread: 'not read',
  notAccepted: 'not accepted',
  unanswered: 'not answered',
  notReading: 'does not read',
  left: 'has left',
};

/** States in which the client waits: with a time. */
export const WAITING_STATES: ReadonlySet<ClientState> = new Set(['unread', 'notAccepted', 'unanswered']);

/** 6.6 s, 10 s, 2 min 5 s. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.max(10, Math.floor(seconds))} s`; // the headline, too, counts whole seconds
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** The headline with the longest wait: whole seconds, so that it changes once a second. */
export function headlineWithTime(headline: string, waitMs: number): string {
  return waitMs < 1000
    ? headline
    : `${headline}, ${duration(1000 * Math.floor(waitMs / 1000)).replace('.0', '')}`;
}
