import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KeyValue } from '../../server/cluster/etcd.js';
import { GapError, Replica } from '../../server/cluster/replica.js';
import { SharedText, TamperedError } from '../../server/cluster/shared-text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';

const SERVER = '00000000-0000-4000-8000-000000000001';
const TAMPERED = (error: unknown) => error instanceof TamperedError;
const GAP = (error: unknown) => error instanceof GapError;

function newReplica(): Replica {
  return new Replica(new SharedText(allocateTextBuffer(1_000), 'own'), 'text');
}

function contents({ text }: Replica): string {
  return Buffer.from(text.view(0, text.length)).toString();
}

function put(key: string, value: string, revision: number, version = 1): KeyValue {
  return {
    key: `strsvr/text/${key}`,
    value: Buffer.from(value),
    created: revision,
    modified: revision,
    version,
  };
}

/** The changes of the transaction that adds the n-th group. */
function group(n: number, from: number, letters: string, revision = 10 + n): KeyValue[] {
  const offset = String(from).padStart(10, '0');
  return [put(`e/${SERVER}/${offset}`, letters, revision), put('n', '', revision, n)];
}

test('the keys of a text', () => {
  const replica = newReplica();
  const key = replica.keyOf({ server: SERVER, from: 1234, letters: Buffer.of() });
  assert.is(key, `strsvr/text/e/${SERVER}/0000001234`);
  assert.ok(key > replica.from && key < replica.to);
  assert.not.ok('strsvr/text1/n' >= replica.from && 'strsvr/text1/n' < replica.to);
});

test('changes are applied once, in their order', () => {
  const replica = newReplica();
  replica.apply([...group(1, 0, 'ab'), ...group(2, 2, 'é')]);
  replica.apply(group(2, 2, 'é'));
  replica.apply(group(3, 4, 'c'));
  assert.is(contents(replica), 'abéc');
  assert.equal([replica.groups, replica.revision], [3, 13]);
});

test('a group that the watch has omitted is a gap, and nothing after it is applied', () => {
  const replica = newReplica();
  replica.apply(group(1, 0, 'a'));
  assert.throws(() => replica.apply(group(3, 2, 'c')), GAP);
  assert.is(contents(replica), 'a');
  replica.apply([...group(2, 1, 'b'), ...group(3, 2, 'c')]);
  assert.is(contents(replica), 'abc');
});

test('what servers of this kind do not write is noticed', () => {
  const [letters, count] = group(1, 0, 'a') as [KeyValue, KeyValue];
  const cases: ReadonlyArray<readonly [string, readonly KeyValue[]]> = [
    ['a group was deleted', [{ ...letters, version: 0 }]],
    ['a group was changed', [{ ...letters, version: 2 }, count]],
    ['the counter alone was changed', [count]],
    ['a group was not counted', [letters]],
    ['a group was not counted, and another one was', [letters, ...group(1, 0, 'b', 12)]],
    ['the maximum length was changed', [put('max', '7', 11, 2)]],
    ['an unknown key', [put('x', '', 11)]],
    ['a group with a wrong key', [put('e/x/0', 'a', 11), count]],
    ['a control character', group(1, 0, 'a\n')],
    ['a C1 control character', group(1, 0, '\u0085')],
    ['no UTF-8', [{ ...letters, value: Buffer.of(0xff) }, count]],
    ['half a letter', [{ ...letters, value: Buffer.of(0xc3) }, count]],
    ['letters that do not continue the stream', group(1, 5, 'a')],
  ];
  for (const [what, changes] of cases) assert.throws(() => newReplica().apply(changes), TAMPERED, what);
  const replica = newReplica();
  replica.apply(group(1, 0, 'a'));
  assert.throws(() => replica.apply(group(1, 1, 'b', 20)), TAMPERED, 'the counter began again');
});

test('all keys at one revision are applied in the order of their creation, after what is in the text', () => {
  const replica = newReplica();
  replica.apply(group(1, 0, 'a'));
  const keys = [group(1, 0, 'a'), group(3, 2, 'c'), group(2, 1, 'b')].map(([key]) => key as KeyValue);
  replica.load([...keys, put('max', '1000', 2), put('n', '', 13, 3)], 20);
  assert.is(contents(replica), 'abc');
  assert.equal([replica.groups, replica.revision], [3, 20]);
});

test('keys that contradict their counter are noticed, and a text without any is empty', () => {
  const [letters, count] = group(1, 0, 'a') as [KeyValue, KeyValue];
  for (const keys of [[letters], [count], [{ ...letters, version: 2 }, count], [put('x', '', 11), count]]) {
    assert.throws(() => newReplica().load(keys, 20), TAMPERED);
  }
  const replica = newReplica();
  replica.load([], 20);
  assert.equal([replica.groups, contents(replica)], [0, '']);
});

test('another etcd, or an earlier state of it, is noticed', () => {
  const replica = newReplica();
  replica.check({ clusterId: 1, revision: 5 }, 0);
  replica.check({ clusterId: 1, revision: 5 }, 5);
  assert.throws(() => replica.check({ clusterId: 2, revision: 9 }, 5), /another cluster/);
  assert.throws(() => replica.check({ clusterId: 1, revision: 4 }, 5), /at revision 4, and was at 5 before/);
});

test.run();
