// The text on disk: a cursor that follows the text and says how far it may be shown. The file is the text, plain UTF-8
// and nothing else. A commit is a write and an fdatasync(2); while one is under way letters gather for the next, so
// there is no timer and never more than one. It knows no clients, and after the first error of the disk that is not a
// lack of room it never shows anything again: a second fdatasync may say that all is well when it is not.

import type { Stats } from 'node:fs';
import { setTimeout as sleep, setImmediate as turnOver } from 'node:timers/promises';
import { errorCode, OperationalError } from '../../shared/errors.js';
import type { Sync } from '../../shared/options.js';
import { isContinuation } from '../../shared/utf8.js';
import type { Committer } from '../core/durability.js';
import type { Text } from '../core/text.js';
import { type FileSystem, NODE_FILE_SYSTEM, retryOnEintr, writeAll } from './file-system.js';
import { type JournalFileOptions, openJournalFile, toOperationalError, unusable } from './journal-file.js';
import { GROUP_BYTES } from './recovery.js';

const RETRY_MS = 1_000;
/** What the calls that are under way at the end of a stop still get. */
const LAST_CALL_MS = 250;

export interface JournalOptions extends JournalFileOptions {
  readonly sync: Sync;
  readonly disk?: FileSystem;
  /** How often a disk that is full is tried again. */
  readonly retryMs?: number;
}

export class Journal implements Committer {
  /** Rejects when letters cannot be brought to disk any more, or somebody else has changed the file. */
  readonly failed: Promise<never>;
  readonly #options: JournalOptions;
  readonly #text: Text;
  readonly #disk: FileSystem;
  readonly #fd: number;
  /** The file as it was opened, to be told from another that somebody puts in its place. */
  readonly #opened: Stats;
  readonly #closing = new AbortController();
  #durableLength: number;
  #readOnly = false;
  /** Whether the file may hold bytes beyond `durableLength`, of a write that found no room. */
  #tailDirty = false;
  /** The commits under way, one after the other; stays when they have failed. */
  #running: Promise<void> | undefined;
  #onDurable = (): void => {};
  #reject = (_error: unknown): void => {};
  /** Resolves when the disk has hung for too long. */
  readonly #hung: Promise<'hung'>;
  #resolveHung = (_hung: 'hung'): void => {};

  /**
   * Opens or makes the file, locks it, and appends what it holds to the text, which must be empty. All of that is on
   * disk afterwards.
   * @throws OperationalError; the file is then as it was
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const disk = retryOnEintr(options.disk ?? NODE_FILE_SYSTEM);
    const { fd, opened } = await openJournalFile(disk, options);
    if (options.sync === 'never') {
      const risk = 'a crash of the system (not of the server) may lose letters that were answered';
      options.log.record({ type: 'warning', message: `--sync never: ${risk}` });
    }
    return new Journal(options, disk, fd, opened);
  }

  /** Use `open`. */
  private constructor(options: JournalOptions, disk: FileSystem, fd: number, opened: Stats) {
    this.#options = options;
    this.#text = options.text;
    this.#durableLength = options.text.length;
    this.#disk = disk;
    this.#fd = fd;
    this.#opened = opened;
    this.failed = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.failed.catch(() => {}); // whoever waits for it is told
    this.#hung = new Promise((resolve) => {
      this.#resolveHung = resolve;
    });
  }

  get durableLength(): number {
    return this.#durableLength;
  }

  get readOnly(): boolean {
    return this.#readOnly;
  }

  onDurable(callback: () => void): void {
    this.#onDurable = callback;
  }

  commit(): void {
    if (this.#durableLength < this.#text.length) this.#running ??= this.#run();
  }

  /** Brings the rest of the text to disk, if there is room, and closes the file. Rejects as `failed` does. */
  async close(): Promise<void> {
    this.commit();
    this.#closing.abort();
    if ((await Promise.race([this.#running, this.#hung])) === 'hung') await this.failed; // the call still has the file
    await this.#disk.close(this.#fd).catch(() => {}); // all that matters was synced
    if (this.#running !== undefined) await this.failed;
    const lost = this.#text.length - this.#durableLength;
    if (lost === 0) return;
    const message = `the disk is full: ${lost} bytes are lost, of letters that were not answered`;
    this.#options.log.record({ type: 'warning', message });
  }

  /**
   * Has nobody wait longer than so for the disk: a call that hangs then counts as failed (`HUNG`). No call can be taken
   * back, so until it returns its thread is stuck, and the process cannot exit.
   */
  async closeWithin(afterMs: number): Promise<void> {
    await sleep(afterMs, undefined, { ref: false });
    this.#closing.abort(); // nor for room
    await sleep(LAST_CALL_MS, undefined, { ref: false });
    if (this.#running === undefined) return;
    const message = `cannot write the journal ${this.#options.file}: the disk hangs; what was answered is on it`;
    this.#fail(new OperationalError('HUNG', message));
    this.#resolveHung('hung');
  }

  async #run(): Promise<void> {
    await turnOver(); // what others say in this turn of the event loop is in the same group
    try {
      while (this.#durableLength < this.#text.length) {
        const full = await this.#commitGroup();
        if (full === undefined) continue;
        if (this.#closing.signal.aborted) break;
        await this.#awaitRoom(full);
      }
      this.#running = undefined;
    } catch (error) {
      this.#fail(toOperationalError(error, this.#options.file, 'write'));
    }
  }

  #fail(failure: unknown): void {
    if (failure instanceof Error) {
      this.#options.log.record({ type: 'journal failed', message: failure.message });
    }
    this.#reject(failure);
  }

  /** @returns the error, if there is no room for the group; then none of it is in the file */
  async #commitGroup(): Promise<unknown> {
    const to = groupEnd(this.#text, this.#durableLength);
    try {
      await this.#append(this.#text.view(this.#durableLength, to));
    } catch (error) {
      if (!isFull(error)) throw error;
      return error;
    }
    const { sync, file, log } = this.#options;
    // What somebody did to the file before these letters came is seen by now, so it need not wait for the sync.
    const [, { size, ino, dev }] = await Promise.all([
      sync === 'always' && this.#disk.fdatasync(this.#fd),
      this.#disk.stat(file),
    ]);
    if (size !== to || ino !== this.#opened.ino || dev !== this.#opened.dev) {
      throw unusable(file, 'somebody else has changed it while the server ran');
    }
    this.#durableLength = to;
    if (this.#readOnly) log.record({ type: 'disk free' });
    this.#readOnly = false;
    this.#onDurable();
    return undefined;
  }

  /** Writes all of it, however many calls that takes, or none. */
  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#tailDirty) await this.#truncateTail();
    this.#tailDirty = true;
    try {
      await writeAll(this.#disk, this.#fd, bytes);
    } catch (error) {
      if (isFull(error)) await this.#truncateTail();
      throw error;
    }
    this.#tailDirty = false;
  }

  async #truncateTail(): Promise<void> {
    await this.#disk.ftruncate(this.#fd, this.#durableLength);
    this.#tailDirty = false;
  }

  /** Refuses new letters and waits a little; those in the text are owed and tried again. */
  async #awaitRoom(full: unknown): Promise<void> {
    const bytes = this.#text.length - this.#durableLength;
    if (!this.#readOnly) {
      this.#options.log.record({ type: 'disk full', reason: errorCode(full) ?? '', bytes });
    }
    this.#readOnly = true;
    const { retryMs = RETRY_MS } = this.#options;
    await sleep(retryMs, undefined, { signal: this.#closing.signal }).catch(() => {}); // we close: do not wait
  }
}

/** Where the next group ends: behind a letter, so that all that is durable is whole. */
function groupEnd(text: Text, start: number): number {
  const bytes = text.view(start, Math.min(text.length, start + GROUP_BYTES + 1));
  if (bytes.length <= GROUP_BYTES) return start + bytes.length;
  let end = GROUP_BYTES;
  while (isContinuation(bytes[end] as number)) end -= 1;
  return start + end;
}

function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
