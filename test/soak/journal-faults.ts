// Fault injection at system calls on a server's journal (strace): each call, each error, at different times.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ByteClient } from '../support/byte-client.js';
import { recoverFile } from '../support/crash-consistency.js';
import { injecting, NO_STRACE, READ, WRITE } from '../support/journal-fixtures.js';
import { ended, Program } from '../support/program.js';
import { inFolder, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

/** The result of the call, and whether the server continues, perhaps after a retry. */
interface Fault {
  readonly calls: string;
  readonly effect: string;
  readonly survived: boolean;
}

const HELD = 'é€\ufffd';
const TORN = Buffer.of(0xe2, 0x82); // removed at the next start
const LETTERS = ['a', 'é', '€', '😀'];
const TIMEOUT_MS = 30_000;

const FAULTS: readonly Fault[] = [
  ...each(READ, ['error=EIO', 'retval=0'], [1], false),
  ...each(READ, ['error=EIO'], [2], false),
  ...each(READ, ['error=EINTR'], [1, 2], true),
  ...each('openat', ['error=EIO', 'error=ENOSPC', 'error=EDQUOT', 'error=EMFILE'], [1, 2], false),
  ...each('openat', ['error=EINTR'], [1, 2], true),
  ...each('statx', ['error=EIO'], [1, 2, 3, 6], false),
  ...each('ftruncate', ['error=EIO', 'error=ENOSPC'], [1], false),
  ...each('ftruncate', ['error=EINTR'], [1], true),
  ...each('fdatasync', ['error=EIO', 'error=ENOSPC', 'error=EDQUOT'], [1, 2, 4], false),
  ...each('fdatasync', ['error=EINTR'], [1, 2, 4], true),
  ...each(WRITE, ['error=EIO', 'error=EROFS', 'error=EFBIG'], [1, 2, 4], false),
  ...each(WRITE, ['error=ENOSPC', 'error=EDQUOT', 'error=EINTR', 'retval=0'], [1, 2, 4], true),
];

function each(calls: string, effects: string[], times: number[], survived: boolean): Fault[] {
  return effects.flatMap((effect) =>
    times.map((when) => ({ calls, effect: `${effect}:when=${when}`, survived })),
  );
}

export async function journalFaults(scope: Scope): Promise<ResultRow[]> {
  if (NO_STRACE !== undefined) return [info('faults at system calls', `skipped: ${NO_STRACE}`)];
  return inFolder(async (folder) => {
    const total = scaled(FAULTS.length, scope);
    const broken: string[] = [];
    for (let done = 0; done < total; done += 1) {
      scope.progress(done, total);
      const fault = FAULTS[Math.floor((done * FAULTS.length) / total)] as Fault;
      const found = await violation(fault, folder);
      if (found !== undefined) broken.push(`${fault.calls} ${fault.effect}: ${found}`);
    }
    return [info('faults at system calls on a journal', total), nothing('  violations', broken)];
  });
}

/** Sends a few letters to a server whose journal has the fault. @returns the violation */
async function violation({ calls, effect, survived }: Fault, folder: string): Promise<string | undefined> {
  const file = join(folder, 'text');
  writeFileSync(file, Buffer.concat([Buffer.from(HELD), TORN]));
  const through = injecting(file, calls, effect, join(folder, 'strace'));
  const server = new Program('server/strsvr.js', ['0', '--journal', file, '--clients', '1'], [], through);
  let answered = HELD;
  try {
    const [, port] = await server.waitFor('stdout', /listening on .+:(\d+)[ \n]/);
    const client = await ByteClient.connect({ host: '127.0.0.1', port: Number(port) });
    for (const letter of LETTERS) {
      const reply = answered + letter;
      client.send(letter);
      const came = (await client.receive(Buffer.byteLength(reply))).toString();
      if (came !== reply) return `${came} for ${reply}`;
      answered = reply;
    }
    client.close();
  } catch {} // it did not start, or has stopped replying: checked below
  const { status, stdout } = await ended(server, TIMEOUT_MS).finally(() => server.kill());
  const all = HELD + LETTERS.join('');
  const whole = readFileSync(file);
  if (!whole.subarray(0, Buffer.byteLength(answered)).equals(Buffer.from(answered)))
    return 'answered letters are lost';
  const found = (await recoverFile(whole, folder)).toString();
  if (!found.startsWith(answered) || !all.startsWith(found)) return `${found} is recovered, of ${answered}`;
  if (survived) return answered === all && status === 0 ? undefined : `exit ${status} after ${answered}`;
  return status === 1 && !stdout.includes('final value') ? undefined : `exit ${status}`;
}
