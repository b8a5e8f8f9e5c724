// How far replies may go. Whoever stores the text elsewhere (a journal) owns this; sessions read it, I/O models drive it.

/** What a session reads. */
export interface Durability {
  /** An offset: letters up to here are stored, so replies may end here at most. */
  readonly durableLength: number;
  /** While true no letter is taken, because there is no room to store it. */
  readonly readOnly: boolean;
}

/** What an I/O model works with: a text that is stored in groups of letters. */
export interface Committer extends Durability {
  /** Starts to store what is in the text now; returns at once. */
  commit(): void;
  /** Registers the one callback for each time that `durableLength` has grown. */
  onDurable(callback: () => void): void;
}

/** A text in memory alone: every letter counts as stored at once. */
export const MEMORY_ONLY: Durability = { durableLength: Number.POSITIVE_INFINITY, readOnly: false };
