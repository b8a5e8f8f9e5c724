import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Trace } from '../server/trace.js';
import { run } from './support.js';

test('a long run keeps its last part, in the order of time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const file = join(folder, 'trace.json');
  const trace = new Trace(file, 10);
  for (let at = 0; at < 25; at += 1) {
    // Entries of two threads do not arrive in order.
    trace.record({
      at: at ^ 1,
      thread: at % 2,
      event: { type: 'wrote', client: 1, bytes: at ^ 1, waiting: 0 },
    });
  }
  trace.write();
  const events: Array<{ ph: string; pid: number; args: { bytes: number } }> = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  rmSync(folder, { recursive: true });
  const bytes = events.filter(({ ph, pid }) => ph === 'i' && pid === 1).map(({ args }) => args.bytes);
  assert.equal(bytes, [14, 16, 17, 18, 19, 20, 21, 22, 23, 25]);
});

test('a file that cannot be written is said at once, before anybody is served', async () => {
  const { status, stdout, stderr } = await run('server/strsvr.js', [
    '0',
    '--trace',
    '/no/such/folder/trace.json',
  ]);
  assert.is(stdout, '');
  assert.is(
    stderr,
    "strsvr: cannot write the trace: ENOENT: no such file or directory, open '/no/such/folder/trace.json'\n",
  );
  assert.is(status, 1);
});

test.run();
