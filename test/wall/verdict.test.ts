// Who waits for whom: from recorded snapshots of real servers, from made ones for what is hard to bring about, and once live
// for each I/O model.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  SampleHistory,
  type Snapshot,
  type SnapshotClient,
  type SnapshotThread,
} from '../../client/wall/snapshot.js';
import { verdict } from '../../client/wall/verdict.js';
import { duration, headlineWithTime } from '../../client/wall/wording.js';
import type { KernelView } from '../../shared/kernel-view.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { concurrent } from '../support/concurrent.js';
import { built, skipChildCoverage } from '../support/program.js';
import { missingProgram } from '../support/skipping.js';
import { play, type Recorded, SCENES } from './scenes.js';

skipChildCoverage();
const RECORDED: Recorded[] = JSON.parse(readFileSync(built('../test/fixtures/snapshots.json'), 'utf8'));

for (const { name, snapshot, headline, why, states } of RECORDED) {
  test(`recorded: ${name}`, () => {
    const seen = verdict(snapshot);
    assert.equal(seen.headline, headline);
    assert.equal(seen.why, why);
    assert.equal([...seen.states.values()], states);
  });
}

test('every scene is recorded', () => {
  assert.equal(
    RECORDED.map(({ name }) => name),
    SCENES.map(({ name }) => name),
  );
});

// --- made snapshots ---

const QUIET: Omit<SnapshotClient, 'id' | 'name'> = {
  ...{ peerPort: 0, unanswered: 0, unansweredMs: 0, unreadBytes: 0, unreadMs: 0, unsentMs: 0 },
  ...{ notAcceptedMs: 0, left: false },
};
const NAMES = ['Ada', 'Grace', 'Tony', 'Ken', 'Radia'];

function snapshot(
  clients: ReadonlyArray<Partial<SnapshotClient>>,
  threads: ReadonlyArray<Partial<SnapshotThread>>,
  more: Partial<Snapshot> = {},
): Snapshot {
  return {
    mainThread: 1,
    clients: clients.map((client, id) => ({ ...QUIET, id, name: NAMES[id] ?? '?', ...client })),
    threads: threads.map((thread, index) => ({ tid: index + 1, sinceMs: 400, ...thread })),
    ...more,
  };
}
const receives = (client: number) => ({ call: 'recvfrom', client });
const UNREAD = { unreadBytes: 2, unreadMs: 5_000 };

test('all clients wait while the server computes: on a crowded machine it gets little of a core and wants all of it', () => {
  const computing = snapshot([UNREAD, UNREAD], [{}], { cpuWanted: 0.97 });
  const { headline, why, waitMs } = verdict(computing);
  assert.equal([headline, waitMs], ['All 2 clients wait while the server computes', 5_000]);
  assert.is(why, 'Its thread is on a core, or waits for one, and does not read.');
  const full = verdict(snapshot([{}, { notAcceptedMs: 900 }], [{}], { cpuWanted: 1 }));
  assert.is(full.headline, 'Grace waits to be accepted');
  assert.match(full.why, /does not accept\.$/);
});

test('a thread that is on a core in one sample only is not busy', () => {
  const passing = snapshot([{}], [{ sinceMs: 0 }], { cpuWanted: 0.97 });
  assert.is(verdict(passing).why, 'No thread of the server sleeps for a client now.');
  const helper = snapshot([{}], [{ call: 'epoll_wait' }, {}], { cpuWanted: 0.1 });
  assert.match(verdict(helper).why, /^One thread sleeps in epoll_wait\(2\)/);
  const logging = snapshot([{}], [{}, { call: 'poll' }], { cpuWanted: 1 });
  assert.match(verdict(logging).why, /^One thread sleeps in poll\(2\)/); // the main thread does no I/O
});

test('a busy loop wants a core, whatever share it gets', () => {
  const busy = snapshot([{}, {}], [{ call: 'epoll_wait' }, {}], { cpuWanted: 1, model: 'nonblocking' });
  const { tone, why, io } = verdict(busy);
  assert.equal([tone, io.length], ['calm', 1]);
  assert.is(why, 'One thread asks every client in turn and never sleeps. It wants 100 % of a core.');
});

test('a pool of threads: clients without a thread wait for those that have one', () => {
  const pool = snapshot([{}, {}, UNREAD, UNREAD], [receives(0), receives(1)]);
  const { headline, why, blockers } = verdict(pool);
  assert.is(headline, '2 of 4 clients wait for Ada and Grace');
  assert.equal(blockers, [0, 1]);
  assert.match(why, /^All 2 I\/O threads sleep, each for one client\./);
  const large = snapshot([{}, {}, {}, {}, UNREAD], [0, 1, 2, 3].map(receives));
  assert.is(verdict(large).headline, 'Radia waits for 4 others');
});

test('while a thread accepts, a client that waits is blocked by no other', () => {
  const threads = snapshot([{}, { notAcceptedMs: 900 }], [receives(0), { call: 'accept', accepts: true }]);
  const { headline, why, states } = verdict(threads);
  assert.is(headline, 'Grace waits');
  assert.match(why, /^2 threads sleep in recvfrom\(2\) and accept\(2\)\. No thread reads/);
  assert.equal([...states.values()], ['ownThread', 'notAccepted']);
});

test('one thread in a receive, and no client waits: that is how blocking looks while all send', () => {
  const { why, headline, states } = verdict(snapshot([{}, {}], [receives(1)]));
  assert.is(headline, 'No client waits');
  assert.is(why, 'One thread sleeps in recvfrom(2) for Grace. A client that sends meanwhile has to wait.');
  assert.equal([...states.values()], ['silent', 'awaited']);
});

test('what a bridge has timed counts, also where the kernel shows nothing', () => {
  const late = { unanswered: 1, unansweredMs: 400 };
  const { headline, states, waitMs, why } = verdict(
    snapshot([late, { ...late, unreadBytes: 1 }, { unanswered: 1, unansweredMs: 20 }], [], {
      unavailable: 'there is no /proc',
    }),
  );
  assert.equal([headline, waitMs], ['2 of 3 clients wait', 400]);
  assert.equal([...states.values()], ['unanswered', 'unread', 'silent']);
  assert.is(why, "The kernel's view is missing: there is no /proc");
  assert.match(verdict(snapshot([], [], { unavailable: 'it is another machine' })).why, /another machine/);
});

test('a client that has left, and is not noticed, is not counted', () => {
  const { headline, states } = verdict(snapshot([{ ...UNREAD, left: true }, {}, UNREAD], [receives(1)]));
  assert.is(headline, 'Tony waits for Grace');
  assert.equal([...states.values()], ['left', 'awaited', 'unread']);
  const others = verdict(snapshot([{ left: true }, UNREAD, UNREAD], [{}], { cpuWanted: 1 }));
  assert.is(others.headline, 'All 2 clients wait while the server computes');
});

test('no client at all: what the server sleeps in', () => {
  const seen = (threads: ReadonlyArray<Partial<SnapshotThread>>, model?: string) => {
    const { headline, why } = verdict(snapshot([], threads, model === undefined ? {} : { model }));
    return [headline, why];
  };
  assert.equal(seen([{ call: 'accept', accepts: true }]), [
    'No client is connected',
    'One thread sleeps in accept(2) until a client connects.',
  ]);
  assert.is(seen([{ call: 'poll' }])[1], 'One thread sleeps in poll(2) until a client connects.');
  assert.match(seen([{ call: 'io_uring_enter' }], 'uring')[1] ?? '', /io_uring_enter/);
  assert.match(seen([{ call: 'epoll_wait' }], 'blocking')[1] ?? '', /^No thread/);
  assert.match(
    seen([{ call: 'futex' }, { call: 'epoll_wait' }])[1] ?? '',
    /^One thread sleeps in epoll_wait/,
  );
});

// --- the history of samples ---

const CLIENT = { id: 4, name: 'Ada', peerPort: 3000, unanswered: 0, unansweredMs: 0 };
const view = (unreadBytes: number, accepted = true): KernelView => ({
  available: true,
  listening: true,
  acceptQueue: 0,
  connections: [
    { peerPort: 3000, unreadBytes, unsentBytes: 0, accepted, state: 'established' },
    { peerPort: 3001, unreadBytes: 0, unsentBytes: 0, accepted: false, state: 'closing' },
  ],
  threads: [
    { tid: 1, state: 'running' },
    { tid: 2, state: 'unknown' },
    { tid: 3, state: 'sleeping', call: 'recvfrom', peerPort: 3000 },
    { tid: 4, state: 'sleeping', call: 'read', peerPort: 9999 },
  ],
});

test('unread bytes of a single sample are no wait', () => {
  const history = new SampleHistory();
  const unreadMs = (at: number, bytes: number) =>
    history.snapshot(at, view(bytes), [CLIENT], { mainThread: 1 }).clients[0]?.unreadMs;
  assert.equal(
    [
      unreadMs(0, 1),
      unreadMs(200, 0),
      unreadMs(400, 5),
      unreadMs(600, 5),
      unreadMs(800, 1),
      unreadMs(900, 0),
    ],
    [0, 0, 0, 200, 400, 0],
  );
});

test('threads are named by client, and keep the time of their state', () => {
  const history = new SampleHistory();
  history.snapshot(0, view(0), [CLIENT], { mainThread: 1 });
  const { threads, clients } = history.snapshot(
    200,
    view(0, false),
    [CLIENT, { ...CLIENT, id: 5, peerPort: 7 }],
    {
      mainThread: 1,
    },
  );
  assert.equal(threads, [
    { tid: 1, sinceMs: 200 },
    { tid: 3, call: 'recvfrom', client: 4, sinceMs: 200 },
    { tid: 4, call: 'read', sinceMs: 200 },
  ]);
  assert.is(clients[1]?.notAcceptedMs, 0);
  assert.is(
    history.snapshot(300, view(0, false), [CLIENT], { mainThread: 1 }).clients[0]?.notAcceptedMs,
    100,
  );
  const blind = history.snapshot(400, { available: false, why: 'gone' }, [CLIENT], { mainThread: 1 });
  assert.equal([blind.unavailable, blind.threads, blind.clients.length], ['gone', [], 1]);
});

test('durations are written for people', () => {
  assert.equal([260, 6_640, 9_960, 12_900, 75_400, 125_000].map(duration), [
    '0.3 s',
    '6.6 s',
    '10 s',
    '12 s',
    '75 s',
    '2 min 5 s',
  ]);
  assert.equal(
    [999, 1_950, 12_345].map((ms) => headlineWithTime('Ada waits', ms)),
    ['Ada waits', 'Ada waits, 1 s', 'Ada waits, 12 s'],
  );
});

// --- live ---

const live = concurrent(test, 3);
const models = SCENES.filter(
  ({ io }, index) => io !== undefined && index === SCENES.findIndex((scene) => scene.io === io),
);
for (const scene of HAS_PROC ? models : []) live(`live: ${scene.name}`, async () => void (await play(scene)));
if (missingProgram('python3') === undefined && HAS_PROC) {
  const foreign = SCENES.find(({ io }) => io === undefined);
  if (foreign !== undefined) live(`live: ${foreign.name}`, async () => void (await play(foreign)));
}

test.run();
