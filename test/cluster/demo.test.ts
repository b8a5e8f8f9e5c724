import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Program, skipChildCoverage } from '../support/program.js';

skipChildCoverage();

test('without etcd it says how to get it', async () => {
  process.env['ETCD'] = '/nowhere/etcd';
  const { status, stderr } = await new Program('test/demo/cluster.js').finished;
  delete process.env['ETCD'];
  assert.is(status, 1);
  assert.is(stderr, 'make cluster: there is no etcd (apt-get install etcd-server, or ETCD=path)\n');
});

test.run();
