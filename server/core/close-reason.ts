// Why a connection was closed, for the I/O models, the limits and the log.

/** Why no letter is accepted now: no room to store it, or no storage. */
export type Rejection = 'diskFull' | 'unavailable';

/** Why a session is over: its client ended the stream, its letter found no room or no storage, or the server stops. */
export type Closing = 'ended' | 'full' | 'stopped' | Rejection;

/**
 * Why a connection was closed: for its session's reason, because it broke, because the client read too little of its
 * replies (`stalled`) or not all of them in time when the server stopped (`drainTimeout`), or because the journal failed.
 */
export type CloseReason = Closing | 'broken' | 'stalled' | 'drainTimeout' | 'journal';

/** A reason that the session does not know. */
export interface CloseFailure {
  readonly reason: CloseReason;
  readonly detail: string;
}
