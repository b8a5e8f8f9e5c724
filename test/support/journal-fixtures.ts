// Fixtures of the journal tests: a temporary folder, the reasons to skip, and waits with a timeout.

import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { ByteClient } from './byte-client.js';
import { missingProgram } from './skipping.js';
import { TIMEOUT_MS } from './waiting.js';

export const FOLDER = fs.mkdtempSync(join(tmpdir(), 'strsvr-journal-'));
process.on('exit', () => fs.rmSync(FOLDER, { recursive: true }));

let files = 0;
export function newFile(content?: string | Uint8Array): string {
  files += 1;
  const file = join(FOLDER, `text-${files}`);
  if (content !== undefined) fs.writeFileSync(file, content);
  return file;
}

export const content = (file: string) => fs.readFileSync(file, 'utf8');

export const NO_FLOCK = missingProgram('flock');
export const NO_STRACE = NO_FLOCK ?? missingProgram('strace');

/**
 * A wrapper command that starts a server with fault injection at system calls on one file (strace).
 * @param calls such as `write,pwrite64`
 * @param effect as strace's inject= takes it, such as `error=EIO:when=2`
 * @param trace where strace writes these calls
 */
export function injecting(file: string, calls: string, effect: string, trace: string): readonly string[] {
  // strace counts calls per thread, so the pool must have one thread
  const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:${effect}`];
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-qq', '-o', trace, '-P', file, ...inject];
}

export const READ = 'read,pread64';
export const WRITE = 'write,pwrite64';

export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}

/** The connection must end before any byte arrives. */
export async function noAnswer(client: ByteClient): Promise<void> {
  const end = client.receiveSome().then(String, () => 'the end');
  assert.is(await Promise.race([end, sleep(TIMEOUT_MS, 'silence', { ref: false })]), 'the end');
}
