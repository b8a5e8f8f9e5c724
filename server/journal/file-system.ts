// The file system calls of the journal behind one interface, so that tests can make any of them fail. All are asynchronous:
// the event loop never waits for the disk. Errors are those of the system.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { errorCode, OperationalError } from '../../shared/errors.js';

export interface FileSystem {
  open(path: string, flags: number, mode: number): Promise<number>;
  /** Reads from the current position. Resolves to the number of bytes read, possibly fewer than asked, 0 at the end. */
  read(fd: number, into: Uint8Array): Promise<number>;
  /** Resolves to the number of bytes written, possibly fewer than all. */
  write(fd: number, bytes: Uint8Array): Promise<number>;
  fdatasync(fd: number): Promise<void>;
  fsync(fd: number): Promise<void>;
  ftruncate(fd: number, length: number): Promise<void>;
  fstat(fd: number): Promise<fs.Stats>;
  stat(path: string): Promise<fs.Stats>;
  close(fd: number): Promise<void>;
  unlink(path: string): Promise<void>;
}

const read = promisify(fs.read);
const write = promisify(fs.write);

export const NODE_FILE_SYSTEM: FileSystem = {
  open: promisify(fs.open),
  // Not fs.readFile: with a descriptor, Node.js 20 drops a read error and returns the part before it as the whole file.
  read: async (fd, into) => (await read(fd, into, 0, into.length, null)).bytesRead,
  write: async (fd, bytes) => (await write(fd, bytes)).bytesWritten,
  fdatasync: promisify(fs.fdatasync),
  fsync: promisify(fs.fsync),
  ftruncate: promisify(fs.ftruncate),
  fstat: (fd) => promisify(fs.fstat)(fd),
  stat: (path) => promisify(fs.stat)(path),
  close: promisify(fs.close),
  unlink: promisify(fs.unlink),
};

/** The same calls, each repeated while a signal interrupts it. */
export function retryOnEintr(disk: FileSystem): FileSystem {
  const again = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (errorCode(error) !== 'EINTR') throw error;
      }
    }
  };
  return {
    open: (path, flags, mode) => again(() => disk.open(path, flags, mode)),
    read: (fd, into) => again(() => disk.read(fd, into)),
    write: (fd, bytes) => again(() => disk.write(fd, bytes)),
    fdatasync: (fd) => again(() => disk.fdatasync(fd)),
    fsync: (fd) => again(() => disk.fsync(fd)),
    ftruncate: (fd, length) => again(() => disk.ftruncate(fd, length)),
    fstat: (fd) => again(() => disk.fstat(fd)),
    stat: (path) => again(() => disk.stat(path)),
    close: (fd) => disk.close(fd), // after close(2) the descriptor is closed even if it fails
    unlink: (path) => again(() => disk.unlink(path)),
  };
}

/** Writes all of the bytes, in as many calls as that takes. A call that writes nothing counts as a full disk. */
export async function writeAll(disk: FileSystem, fd: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const taken = await disk.write(fd, bytes.subarray(written));
    if (taken === 0) throw Object.assign(new Error('ENOSPC: nothing was written'), { code: 'ENOSPC' });
    written += taken;
  }
}

/**
 * Locks an open file until its descriptor is closed or the process dies. Node has no flock(2); the lock belongs to the
 * open file and not to a process, so a helper that inherits the descriptor takes it for us (flock(1), flock(2)).
 * @returns false when another process holds the lock
 * @throws OperationalError when there is no such helper or it fails
 */
export async function flock(fd: number): Promise<boolean> {
  const helper = spawn('flock', ['-xn', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  let complaint = '';
  helper.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  try {
    const [status] = await once(helper, 'close');
    if (status === 0) return true;
    if (status === 1 && complaint === '') return false;
    throw new OperationalError('LOCK', `cannot lock the journal: ${complaint.trim() || `flock: ${status}`}`);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const where = 'it is part of util-linux; macOS has none of its own';
    throw new OperationalError(
      'ENOENT',
      `a journal needs the command flock, to lock its file: ${where}`,
      error,
    );
  }
}
