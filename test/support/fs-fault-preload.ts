// Fault injection in a server's file system calls, when loaded before it (node --import). The environment variable
// BROKEN_DISK selects the fault:
//   full:N   the file has room for N bytes (0)
//   short    a write takes one byte
//   late     a write starts after half a second
//   fails:N  the N-th fdatasync fails (1 is the start's) and the ones after it succeed, as on Linux
//   hangs    from the second fdatasync on none ever returns. With BROKEN_DISK_PIPE a thread of the pool is then really
//            stuck in a call of the system: the open(2) of that pipe

import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { NODE_FILE_SYSTEM } from '../../server/journal/file-system.js';
import { built } from './program.js';

const { BROKEN_DISK = '', BROKEN_DISK_PIPE = '' } = process.env;
const [how, amount = '0'] = BROKEN_DISK.split(':');
const { fdatasync, fstat, write } = NODE_FILE_SYSTEM;
let synced = 0;

if (how === 'full') {
  NODE_FILE_SYSTEM.write = async (fd, bytes) => {
    const room = Number(amount) - (await fstat(fd)).size;
    if (room <= 0) throw systemError('ENOSPC', 'no space left on device, write');
    return write(fd, bytes.subarray(0, room));
  };
}
if (how === 'short') NODE_FILE_SYSTEM.write = (fd, bytes) => write(fd, bytes.subarray(0, 1));
if (how === 'late') {
  NODE_FILE_SYSTEM.write = async (fd, bytes) => {
    await sleep(500);
    return write(fd, bytes);
  };
}
if (how === 'fails' || how === 'hangs') {
  NODE_FILE_SYSTEM.fdatasync = async (fd) => {
    synced += 1;
    if (how === 'fails' && synced === Number(amount)) throw systemError('EIO', 'i/o error, fdatasync');
    if (how === 'hangs' && synced > 1) await hang();
    await fdatasync(fd);
  };
}

async function hang(): Promise<void> {
  if (BROKEN_DISK_PIPE === '') await new Promise(() => setInterval(() => {}, 60_000));
  else await open(BROKEN_DISK_PIPE, 'r');
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/** A wrapper command that starts a server with such a fault. */
export function fsFaultArgs(how: 'full' | 'hangs', pipe = ''): readonly string[] {
  const options = `NODE_OPTIONS=--import=${pathToFileURL(built('test/support/fs-fault-preload.js'))}`;
  return ['env', options, `BROKEN_DISK=${how}`, `BROKEN_DISK_PIPE=${pipe}`];
}
