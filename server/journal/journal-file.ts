// The journal's file at a start: opened or created, locked, read into the text, and synced before the first letter. Only
// what a crash left is cut from its end, according to recovery.ts, and not before those bytes are synced in a file of their
// own. After a failure the file is unchanged.

import { constants, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { describe, errorCode, OperationalError } from '../../shared/errors.js';
import { LF } from '../../shared/utf8.js';
import type { Text } from '../core/text.js';
import type { Log } from '../log/log.js';
import { type FileSystem, flock, writeAll } from './file-system.js';
import { CorruptJournalError, recover } from './recovery.js';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } =
  constants;
/** O_NONBLOCK: open(2) must not block when the path is a FIFO. It has no effect on a file. */
const FLAGS = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
const OWNER_ONLY = 0o600;

export interface JournalFileOptions {
  readonly file: string;
  /** The longest that the text may become, in bytes. */
  readonly maxLength: number;
  readonly text: Text;
  readonly log: Log;
}

/**
 * Appends the letters of the file to the text, which must be empty.
 * @returns the locked descriptor, and the file's stat when it was opened
 * @throws OperationalError
 */
export async function openJournalFile(
  disk: FileSystem,
  options: JournalFileOptions,
): Promise<{ fd: number; opened: Stats }> {
  const { file } = options;
  let folder: number | undefined;
  let fd: number | undefined;
  try {
    folder = await openFolder(disk, file);
    fd = await (folder === undefined ? openExisting(disk, file) : openOrCreate(disk, file));
    const opened = await disk.fstat(fd);
    if (!opened.isFile()) throw unusable(file, 'it is not a regular file');
    if (!(await flock(fd))) throw unusable(file, 'another server keeps its text there');
    await load(disk, fd, folder, options);
    return { fd, opened };
  } catch (error) {
    if (fd !== undefined) await disk.close(fd).catch(() => {});
    throw toOperationalError(error, file, 'open');
  } finally {
    if (folder !== undefined) await disk.close(folder).catch(() => {});
  }
}

/** The folder; syncing it makes the name of a new file durable. Undefined if it may not be read. */
async function openFolder(disk: FileSystem, file: string): Promise<number | undefined> {
  try {
    return await disk.open(dirname(file), O_RDONLY | O_DIRECTORY, 0);
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error;
    return undefined;
  }
}

/** Creates the file if it is missing; never follows a symbolic link. */
async function openOrCreate(disk: FileSystem, file: string): Promise<number> {
  try {
    return await disk.open(file, FLAGS | O_CREAT | O_EXCL, OWNER_ONLY);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return disk.open(file, FLAGS, OWNER_ONLY);
  }
}

/** Creates no file, because its folder cannot be synced: a power failure could remove it with all its letters. */
async function openExisting(disk: FileSystem, file: string): Promise<number> {
  try {
    return await disk.open(file, FLAGS, OWNER_ONLY);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const why = `there is no such file, and ${dirname(file)} may not be read, so that a new one could not be synced`;
    throw unusable(file, `${why}; create it yourself, or allow reading the folder`);
  }
}

async function load(
  disk: FileSystem,
  fd: number,
  folder: number | undefined,
  { file, text, maxLength, log }: JournalFileOptions,
): Promise<void> {
  const { size } = await disk.fstat(fd);
  if (size > maxLength)
    throw unusable(file, `it holds ${size} bytes, more than the maximum length of ${maxLength}`);
  const found = await readAll(disk, fd, size, file);
  recover(found, text);
  const rest = found.subarray(text.length);
  const keptIn = rest.length > 0 ? await keep(disk, file, rest) : undefined;
  if (folder !== undefined) await disk.fsync(folder);
  if (keptIn !== undefined) await disk.ftruncate(fd, text.length);
  // A server killed before this one may have left letters that are in the file, but not on disk.
  await disk.fdatasync(fd);
  const cut = keptIn === undefined ? { cut: 0 } : { cut: rest.length, keptIn };
  log.record({ type: 'journalOpened', file, bytes: text.length, ...cut });
  if (folder !== undefined) return;
  const risk = `${dirname(file)} may not be read, and so not synced: file names made there lately may not be on disk`;
  log.record({ type: 'warning', message: risk });
}

/** Exactly `size` bytes, or an error: a part is never taken for the whole file. */
async function readAll(disk: FileSystem, fd: number, size: number, file: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(size + 1); // one more, to detect that the file is longer
  let length = 0;
  for (let came = -1; came !== 0 && length < bytes.length; length += came) {
    came = await disk.read(fd, bytes.subarray(length));
  }
  if (length === size) return bytes.subarray(0, size);
  throw unusable(file, `it should hold ${size} bytes, but ${length} could be read; nothing was changed`);
}

/** Saves the bytes that will be cut off in a new file beside the journal. @returns its name */
async function keep(disk: FileSystem, file: string, bytes: Uint8Array): Promise<string> {
  const now = new Date(performance.timeOrigin + performance.now());
  const name = `${file}.cut-${now.toISOString().replaceAll(/[-:]/g, '')}`;
  let fd: number | undefined;
  try {
    fd = await disk.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY);
    await writeAll(disk, fd, bytes);
    await disk.fdatasync(fd);
    return name;
  } catch (error) {
    if (fd !== undefined) await disk.unlink(name).catch(() => {});
    const why = `${bytes.length} bytes at its end, which a crash left, cannot be kept beside it`;
    const code = errorCode(error) ?? 'JOURNAL';
    throw new OperationalError(code, `cannot open the journal ${file}: ${why}: ${describe(error)}`, error);
  } finally {
    if (fd !== undefined) await disk.close(fd).catch(() => {});
  }
}

export function unusable(file: string, why: string): OperationalError {
  return new OperationalError('JOURNAL', `cannot use the journal ${file}: ${why}`);
}

/** An error of the system or of the file's content as one line for the operator. */
export function toOperationalError(error: unknown, file: string, doing: 'open' | 'write'): unknown {
  if (error instanceof CorruptJournalError) {
    const hint = error.byte === LF ? ' (a line end: did an editor add it?)' : '';
    return unusable(file, `${error.message}${hint}, which is no text of this server; nothing was changed`);
  }
  const code = errorCode(error);
  if (error instanceof OperationalError || code === undefined) return error;
  const known: Record<string, string> = {
    ELOOP: 'it is a symbolic link',
    EISDIR: 'it is a folder',
  };
  const why = known[code] ?? describe(error);
  return new OperationalError(code, `cannot ${doing} the journal ${file}: ${why}`, error);
}
