// What sets uring apart from the other I/O models: the kernel does the work, and owns the memory meanwhile.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelView } from '../../shared/kernel-view.js';
import { Uring } from '../../shared/libc/uring.js';
import { ByteClient } from '../support/byte-client.js';
import { Program } from '../support/program.js';
import { NO_URING } from '../support/runnable-models.js';
import { withServer, withStrsvr } from '../support/servers.js';
import { missingProgram, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

testWith(test, NO_URING, 'its I/O thread sleeps in io_uring_enter, whatever its clients do', async () => {
  await withStrsvr(['0', '--io', 'uring'], async ({ child }, { host, port }) => {
    const idle = await ByteClient.connect({ host, port });
    const other = await ByteClient.connect({ host, port });
    other.send('a');
    assert.is((await other.receive(1)).toString(), 'a');
    const sleeps = () => {
      const view = kernelView(child.pid ?? 0, port);
      const calls = view.available ? view.threads.map((thread) => 'call' in thread && thread.call) : [];
      return calls.filter((call) => call === 'io_uring_enter').length === 1;
    };
    await until(sleeps, 'one thread sleeps in io_uring_enter');
    for (const client of [idle, other]) client.close();
  });
});

testWith(test, NO_URING, 'a client is not read from while its replies are not sent completely', async () => {
  const [letters, rounds] = [5_000, 1_200];
  await withServer({ io: 'uring' }, async (server) => {
    const first = await ByteClient.connect(server.address);
    first.send('😀'.repeat(letters));
    await first.endAndReceive();
    const [healthy, greedy] = [
      await ByteClient.connect(server.address),
      await ByteClient.connect(server.address),
    ];
    greedy.socket.pause();
    // Letter by letter: after each, its session wants input, and only what is under way forbids to receive it.
    for (let round = 0; round < rounds; round += 1) {
      greedy.send('a');
      healthy.send('\n');
      await healthy.receive(1);
    }
    const taken = server.text.length - 4 * letters;
    assert.ok(taken < rounds, `${taken} letters were taken from a client that reads no reply`);
    for (const client of [healthy, greedy]) client.close();
  });
});

testWith(test, NO_URING, 'receive buffers are used again', async () => {
  await withServer({ io: 'uring' }, async ({ address }) => {
    const client = await ByteClient.connect(address);
    for (let letters = 0; letters < 600; letters += 1) {
      client.send('\n');
      await client.receive(1);
    }
    client.close();
  });
});

testWith(test, NO_URING, 'more submissions than fit into the ring are handed over in between', async () => {
  await withServer({ io: 'uring' }, async ({ address }) => {
    const clients = await Promise.all(Array.from({ length: 600 }, () => ByteClient.connect(address)));
    for (let round = 0; round < 3; round += 1) {
      for (const client of clients) client.send('\n');
      for (const client of clients) assert.is((await client.receive(1)).toString(), '\n');
    }
    for (const client of clients) client.close();
  });
});

testWith(test, NO_URING, 'a wait ends after its timeout', () => {
  const ring = new Uring({ entries: 4, buffers: 4, bufferBytes: 64, messageCapacity: 1 });
  ring.wait(5);
  assert.is(ring.next(), undefined);
  ring.close();
  return Promise.resolve();
});

for (const [code, why] of [
  ['EPERM', 'the system or the container forbids it \\(see sysctl kernel.io_uring_disabled\\)'],
  ['EINVAL', 'it needs Linux 6.1 or newer'],
  ['ENOSYS', 'it needs Linux 6.1 or newer'],
] as const) {
  testWith(
    test,
    missingProgram('strace'),
    `where io_uring fails with ${code}: one line, exit 1`,
    async () => {
      const through = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=io_uring_setup:error=${code}`];
      const server = new Program('server/strsvr.js', ['0', '--io', 'uring'], [], through);
      const { status, stdout, stderr } = await server.finished;
      assert.is(status, 1);
      assert.match(stderr, new RegExp(`^strsvr: io_uring does not work here: ${code}; ${why}\n$`));
      assert.is(stdout, '');
    },
  );
}

test.run();
