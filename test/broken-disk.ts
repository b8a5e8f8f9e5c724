// Breaks the disk of a server, when loaded before it (node --import): BROKEN_DISK in the environment says how.
// full: no write finds room. hangs: from the second fdatasync on (the first is the start's) none ever returns; a thread
// of the pool is then really stuck in a call of the system, which here is the open(2) of the pipe BROKEN_DISK_PIPE.

import { open } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { DISK } from '../server/disk.js';
import { built } from './support.js';

const { BROKEN_DISK, BROKEN_DISK_PIPE = '' } = process.env;
const { fdatasync } = DISK;
let synced = 0;

if (BROKEN_DISK === 'full') {
  DISK.write = async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
}
if (BROKEN_DISK === 'hangs') {
  DISK.fdatasync = async (fd) => {
    synced += 1;
    if (synced > 1) await open(BROKEN_DISK_PIPE, 'r');
    await fdatasync(fd);
  };
}

/** What to start a server through, for its disk to be broken. */
export function brokenDisk(how: 'full' | 'hangs', pipe = ''): readonly string[] {
  const options = `NODE_OPTIONS=--import=${pathToFileURL(built('test/broken-disk.js'))}`;
  return ['env', options, `BROKEN_DISK=${how}`, `BROKEN_DISK_PIPE=${pipe}`];
}
