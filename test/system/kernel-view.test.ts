// The kernel's view of a real server in Python. The rest is in unit/kernel-view.test.ts.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeView, kernelView } from '../../shared/kernel-view.js';
import { findListener } from '../../shared/proc-sockets.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { ByteClient } from '../support/byte-client.js';
import { python } from '../support/program.js';
import { missingProgram, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

const NEEDS_PROC = HAS_PROC ? missingProgram('python3') : 'there is no /proc';

const SERVER = `
import socket
server = socket.create_server(('127.0.0.1', 0))
print(server.getsockname()[1], flush=True)
first = server.accept()[0]
first.recv(10)
`;

testWith(
  test,
  NEEDS_PROC,
  'a server in Python that waits for its first client: the second is not accepted, and its bytes are unread',
  async () => {
    const server = python(SERVER);
    try {
      const port = Number((await server.waitFor('stdout', /\d+/))[0]);
      const pid = server.child.pid ?? 0;
      assert.is(findListener(port, [process.pid, pid]), pid);
      const first = await ByteClient.connect({ host: '127.0.0.1', port });
      const second = await ByteClient.connect({ host: '127.0.0.1', port });
      second.send('ab');
      const names = new Map([
        [first.socket.localPort, 'client 1'],
        [second.socket.localPort, 'client 2'],
      ]);
      const described = () => describeView(kernelView(pid, port), (port) => names.get(port) ?? '?');
      await until(() => described().includes('recvfrom') && described().includes('client 2'));
      assert.is(described(), `thread ${pid} sleeps in recvfrom for client 1; client 2 is not accepted`);
      const view = kernelView(pid, port);
      assert.ok(view.available);
      assert.is(view.acceptQueue, 1);
      await until(() => {
        const seen = kernelView(pid, port);
        return seen.available && seen.connections.some(({ unreadBytes }) => unreadBytes === 2);
      });
      first.close();
      second.close();
    } finally {
      server.kill();
      await server.finished;
    }
  },
);

test.run();
