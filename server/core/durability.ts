// How far replies may go. What stores the text elsewhere (a journal, a cluster) owns this; sessions read it, I/O models
// drive it.

import type { CloseFailure, Rejection } from './close-reason.js';

/** The part that a session sees. */
export interface Durability {
  /** Letters are stored up to this result of the text's `append`, so they may be answered. */
  readonly durableLength: number;
  /** undefined: letters are accepted. */
  readonly rejection: Rejection | undefined;
}

/** The part that an I/O model sees: a text that is stored in groups of letters. */
export interface Committer extends Durability {
  /** Starts to store what is in the text now; returns at once. */
  commit(): void;
  /** Registers the one callback for when all clients are to be disconnected, because nothing can be stored. */
  onUnavailable?(callback: (why: CloseFailure) => void): void;
  /** Registers the one callback for each time that `durableLength` has grown. */
  onDurable(callback: () => void): void;
}

/** A text in memory alone: every letter counts as stored at once. */
export const MEMORY_ONLY: Durability = { durableLength: Number.POSITIVE_INFINITY, rejection: undefined };
