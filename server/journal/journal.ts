// The text on disk. The file is the text, plain UTF-8 and nothing else; `durableLength` is how far replies may go. Group
// commit: while one write and fdatasync(2) run, further letters collect for the next group, so there is no timer and never
// more than one commit. After a disk error other than a full disk nothing becomes durable any more: a second fdatasync may
// succeed although data is lost (PostgreSQL's lesson of 2018).

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
/** How long running system calls may still take at the end of a stop. */
const LAST_CALL_MS = 250;

export interface JournalOptions extends JournalFileOptions {
  readonly sync: Sync;
  readonly disk?: FileSystem;
  /** Called with the duration of each write and its fdatasync, in seconds. */
  readonly onCommit?: ((seconds: number) => void) | undefined;
  /** How long to wait before a full disk is tried again. */
  readonly retryMs?: number;
}

export class Journal implements Committer {
  /** Rejects when letters cannot be written any more, or another process has changed the file. */
  readonly failed: Promise<never>;
  readonly #options: JournalOptions;
  readonly #text: Text;
  readonly #disk: FileSystem;
  readonly #fd: number;
  /** The file as it was opened, to notice that another file has replaced it. */
  readonly #opened: Stats;
  readonly #closing = new AbortController();
  #durableLength: number;
  #readOnly = false;
  /** Whether the file may hold bytes beyond `durableLength`, from a write that failed on a full disk. */
  #tailDirty = false;
  /** The running commits, one after the other; stays defined after a failure. */
  #running: Promise<void> | undefined;
  #onDurable = (): void => {};
  #reject = (_error: unknown): void => {};
  /** Resolves when the disk has hung for too long. */
  readonly #hung: Promise<'hung'>;
  #resolveHung = (_hung: 'hung'): void => {};

  /**
   * Opens or creates the file, locks it, and appends its letters to the text, which must be empty. Afterwards all of it is
   * on disk.
   * @throws OperationalError; then the file is unchanged
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const disk = retryOnEintr(options.disk ?? NODE_FILE_SYSTEM);
    const { fd, opened } = await openJournalFile(disk, options);
    if (options.sync === 'never') {
      const message =
        'without sync, a crash of the system (not of the server) may lose letters that were answered';
      options.log.record({ type: 'warning', message });
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
    this.failed.catch(() => {}); // handled where it is awaited
    this.#hung = new Promise((resolve) => {
      this.#resolveHung = resolve;
    });
  }

  get durableLength(): number {
    return this.#durableLength;
  }

  get rejection(): Committer['rejection'] {
    return this.#readOnly ? 'diskFull' : undefined;
  }

  onDurable(callback: () => void): void {
    this.#onDurable = callback;
  }

  commit(): void {
    if (this.#durableLength < this.#text.length) this.#running ??= this.#run();
  }

  /** Writes the rest of the text, if there is room, and closes the file. Rejects as `failed` does. */
  async close(): Promise<void> {
    this.commit();
    this.#closing.abort();
    if ((await Promise.race([this.#running, this.#hung])) === 'hung') await this.failed; // the file is still in use
    await this.#disk.close(this.#fd).catch(() => {}); // everything was synced before
    if (this.#running !== undefined) await this.failed;
    const lost = this.#text.length - this.#durableLength;
    if (lost === 0) return;
    const message = `the disk is full: ${lost} bytes are lost, of letters that were not answered`;
    this.#options.log.record({ type: 'warning', message });
  }

  /**
   * Bounds how long `close` waits: a system call that hangs longer counts as failed (`HUNG`). It cannot be cancelled, so
   * its thread stays blocked and the process cannot exit until it returns.
   */
  async closeWithin(afterMs: number): Promise<void> {
    await sleep(afterMs, undefined, { ref: false });
    this.#closing.abort(); // do not wait for room either
    await sleep(LAST_CALL_MS, undefined, { ref: false });
    if (this.#running === undefined) return;
    const message = `cannot write the journal ${this.#options.file}: the disk hangs; what was answered is on it`;
    this.#fail(new OperationalError('HUNG', message));
    this.#resolveHung('hung');
  }

  async #run(): Promise<void> {
    await turnOver(); // group commit: let the other sockets of this tick append first
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
      this.#options.log.record({ type: 'journalFailed', message: failure.message });
    }
    this.#reject(failure);
  }

  /** @returns the error if the disk has no room for the group; then none of the group is in the file */
  async #commitGroup(): Promise<unknown> {
    const to = groupEnd(this.#text, this.#durableLength);
    const started = performance.now();
    try {
      await this.#append(this.#text.view(this.#durableLength, to));
    } catch (error) {
      if (!isFull(error)) throw error;
      return error;
    }
    const { sync, file, log, onCommit } = this.#options;
    // A change made before these letters came is visible now, so this check need not wait for the sync.
    const [, { size, ino, dev }] = await Promise.all([
      sync === 'always' && this.#disk.fdatasync(this.#fd),
      this.#disk.stat(file),
    ]);
    if (size !== to || ino !== this.#opened.ino || dev !== this.#opened.dev) {
      throw unusable(file, 'another process has changed it while the server ran');
    }
    onCommit?.((performance.now() - started) / 1000);
    this.#durableLength = to;
    if (this.#readOnly) log.record({ type: 'diskFree' });
    this.#readOnly = false;
    this.#onDurable();
    return undefined;
  }

  /** Writes all bytes or, when the disk is full, none. */
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

  /** Takes no new letters and waits; those in the text are written by the next attempt. */
  async #awaitRoom(full: unknown): Promise<void> {
    const bytes = this.#text.length - this.#durableLength;
    if (!this.#readOnly) {
      this.#options.log.record({ type: 'diskFull', reason: errorCode(full) ?? '', bytes });
    }
    this.#readOnly = true;
    const { retryMs = RETRY_MS } = this.#options;
    await sleep(retryMs, undefined, { signal: this.#closing.signal }).catch(() => {}); // aborted by close
  }
}

/** Where the next group ends: after a whole letter. */
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
