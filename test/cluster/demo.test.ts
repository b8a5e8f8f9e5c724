import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_ETCD } from '../support/etcd.js';
import { Program, skipChildCoverage } from '../support/program.js';
import { testWith } from '../support/skipping.js';

skipChildCoverage();

testWith(
  test,
  NO_ETCD,
  'make cluster DEMO=1: a server and the leader are killed, and the string is one',
  async () => {
    process.env['FAST'] = '1';
    const { status, stdout, stderr } = await new Program('test/demo/cluster.js', ['--demo']).finished;
    assert.is(status, 0, stderr + stdout);
    assert.match(stdout, /The string is one: abcde?fghi\n$/);
  },
);

test('without etcd it says how to get it', async () => {
  process.env['ETCD'] = '/nowhere/etcd';
  const { status, stderr } = await new Program('test/demo/cluster.js').finished;
  delete process.env['ETCD'];
  assert.is(status, 1);
  assert.is(stderr, 'make cluster: there is no etcd (apt-get install etcd-server, or ETCD=path)\n');
});

test.run();
