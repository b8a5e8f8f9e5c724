// The kernel's view of a server, from recorded files of /proc. system/kernel-view.test.ts observes a real server.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeView, kernelView } from '../../shared/kernel-view.js';
import { findListener, listeningPorts } from '../../shared/proc-sockets.js';

const root = mkdtempSync(join(tmpdir(), 'strsvr-proc-'));
test.after(() => rmSync(root, { recursive: true }));

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, peer: string, state: string, queues: string, inode: number) =>
  `   0: 0100007F:${local} 0100007F:${peer} ${state} ${queues} 00:00000000 00000000     0        0 ${inode} 1 0`;

/** A process of a recorded /proc. */
function record(pid: number, files: Record<string, string>, fds: Record<string, string> = {}): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, String(pid), name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  for (const [fd, target] of Object.entries(fds)) {
    mkdirSync(join(root, String(pid), 'fd'), { recursive: true });
    symlinkSync(target, join(root, String(pid), 'fd', fd));
  }
}

const TCP = [
  HEADER,
  row('07D0', '0000', '0A', '00000000:00000001', 10), // port 2000 listens, one connection is not accepted
  row('07D0', '0BB8', '01', '00000000:00000000', 11), // client 3000
  row('07D0', '0BB9', '01', '00000005:00000002', 12), // client 3001: 2 bytes unread, 5 unsent
  row('07D0', '0BBA', '01', '00000000:00000001', 0), // client 3002: not accepted
  row('07D0', '0BBD', '08', '00000000:00000001', 14), // client 3005: has ended its stream
  row('07D0', '0BBE', '06', '00000000:00000000', 0), // client 3006: in TIME_WAIT, which has no inode either
  row('0FA0', '0BBB', '01', '00000000:00000009', 13), // another server's
  '',
].join('\n');
const clientName = (port: number) => `client ${port - 2999}`;

test('unread and unsent bytes, the accept queue, and what each thread sleeps in', () => {
  record(
    1,
    {
      'net/tcp': TCP,
      'net/tcp6': `${HEADER}\n`,
      'task/1/syscall': '45 0x5 0x0 0x0\n', // recvfrom(5)
      'task/2/syscall': '43 0x4 0x0\n', // accept(4)
      'task/3/syscall': '202 0x7f00\n', // futex
      'task/4/syscall': 'running\n',
      'task/5/syscall': '999 0x0\n',
      'task/6/syscall': '0 0x9\n', // read(9), which is a pipe
      'task/7/other': '',
      'task/8/syscall': '0 0x8\n', // read(8), which is closed
    },
    { 4: 'socket:[10]', 5: 'socket:[11]', 6: 'socket:[12]', 9: 'pipe:[99]' },
  );
  const view = kernelView(1, 2000, { root, arch: 'x64' });
  assert.equal(view, {
    available: true,
    listening: true,
    acceptQueue: 1,
    connections: [
      { peerPort: 3000, unreadBytes: 0, unsentBytes: 0, accepted: true, state: 'established' },
      { peerPort: 3001, unreadBytes: 2, unsentBytes: 5, accepted: true, state: 'established' },
      { peerPort: 3002, unreadBytes: 1, unsentBytes: 0, accepted: false, state: 'established' },
      { peerPort: 3005, unreadBytes: 1, unsentBytes: 0, accepted: true, state: 'peerClosed' },
      { peerPort: 3006, unreadBytes: 0, unsentBytes: 0, accepted: false, state: 'closing' },
    ],
    threads: [
      { tid: 1, state: 'sleeping', call: 'recvfrom', peerPort: 3000 },
      { tid: 2, state: 'sleeping', call: 'accept', accepts: true },
      { tid: 3, state: 'sleeping', call: 'futex' },
      { tid: 4, state: 'running' },
      { tid: 5, state: 'sleeping', call: 'system call 999' },
      { tid: 6, state: 'sleeping', call: 'read' },
      { tid: 7, state: 'unknown' },
      { tid: 8, state: 'sleeping', call: 'read' },
    ],
  });
  assert.is(
    describeView(view, clientName),
    'thread 1 sleeps in recvfrom for client 1; thread 2 sleeps in accept for a new client; thread 4 runs; ' +
      'thread 3 sleeps in futex; 3 more threads; client 2 has 2 bytes unread; client 3 is not accepted; ' +
      'client 6 has 1 byte unread',
  );
});

test('the numbers of system calls depend on the processor', () => {
  record(
    2,
    { 'net/tcp': TCP, 'task/2/syscall': '207 0x5\n', 'task/3/syscall': '73 0x1\n' },
    { 5: 'socket:[11]' },
  );
  const calls = (arch: string) => {
    const view = kernelView(2, 2000, { root, arch });
    assert.ok(view.available);
    return view.threads.map((thread) => thread.state === 'sleeping' && thread.call);
  };
  assert.equal(calls('arm64'), ['recvfrom', 'ppoll']);
  assert.equal(calls('mips'), ['system call 207', 'system call 73']);
});

test('the listener is found among several processes', () => {
  record(3, { 'net/tcp': TCP, 'task/3/syscall': 'running\n' }); // no readable descriptors, as another user's process
  record(4, { 'net/tcp': TCP }, { 3: 'socket:[10]' });
  const source = { root, arch: 'x64' };
  assert.is(findListener(2000, [3, 4, 5], source.root), 4);
  assert.is(findListener(4000, [3, 4], source.root), undefined);
  assert.equal(listeningPorts(4, undefined, source.root), [2000]);
  assert.equal(listeningPorts(5, undefined, source.root), []);
});

test('processes that serve clients of the same listener add their threads', () => {
  record(6, { 'net/tcp': TCP, 'task/6/syscall': '43 0x4\n' }, { 4: 'socket:[10]' });
  record(7, { 'task/7/syscall': '45 0x5\n' }, { 5: 'socket:[12]' });
  const view = kernelView(6, 2000, { root, arch: 'x64' }, [7, 8]); // 8 has ended
  assert.equal(view.available && view.threads, [
    { tid: 6, state: 'sleeping', call: 'accept', accepts: true },
    { tid: 7, state: 'sleeping', call: 'recvfrom', peerPort: 3001 },
  ]);
});

test('without /proc the view says so', () => {
  const view = kernelView(77, 2000, { root, arch: 'x64' });
  assert.not.ok(view.available);
  assert.match(describeView(view, String), /^no view of process 77: ENOENT/);
});

test.run();
