// The failure table of server/cluster/README.md, against an etcd in memory and in time that the test controls.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Cluster } from '../../server/cluster/cluster.js';
import { SharedText } from '../../server/cluster/shared-text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import type { ServerEvent } from '../../server/log/events.js';
import { Log } from '../../server/log/log.js';
import { prng } from '../../shared/prng.js';
import { ByteSession } from '../support/byte-session.js';
import { Host, VirtualClock } from '../support/virtual-clock.js';
import { Network, VirtualEtcd, VirtualMember } from '../support/virtual-etcd.js';

const MEMBERS = ['m1', 'm2', 'm3'];
const TIMEOUT_MS = 30_000;

/** An etcd of three members, and servers of one text. */
class World {
  readonly clock = new VirtualClock();
  readonly network = new Network(prng(1));
  etcd = new VirtualEtcd();
  #servers = 0;

  server(maxLength = 1_000): Server {
    this.#servers += 1;
    const uuid = `00000000-0000-4000-8000-${String(this.#servers).padStart(12, '0')}`;
    const host = new Host(this.clock);
    const connect = (endpoint: string) =>
      new VirtualMember(endpoint, this.etcd, this.network, this.clock, host);
    const text = new SharedText(allocateTextBuffer(maxLength), uuid);
    const events: ServerEvent[] = [];
    const log = new Log({ detailed: true, thread: 0, sink: ({ event }) => events.push(event) });
    const settings = { endpoints: MEMBERS, connect, text, name: 'text', maxLength, timeoutMs: TIMEOUT_MS };
    return new Server(this, new Cluster({ ...settings, log, clock: host }), text, host, events);
  }

  async started(maxLength?: number): Promise<Server> {
    const server = this.server(maxLength);
    await server.start();
    return server;
  }
}

class Server {
  readonly cluster: Cluster;
  readonly host: Host;
  readonly events: ServerEvent[];
  readonly #world: World;
  readonly #text: SharedText;
  readonly #session: ByteSession;

  constructor(world: World, cluster: Cluster, text: SharedText, host: Host, events: ServerEvent[]) {
    this.cluster = cluster;
    this.host = host;
    this.events = events;
    this.#world = world;
    this.#text = text;
    this.#session = new ByteSession(text, cluster);
  }

  async start(): Promise<void> {
    let done = false;
    const starting = this.cluster.start().finally(() => {
      done = true;
    });
    starting.catch(() => {});
    await this.#world.clock.pass(60_000, () => done);
    await starting;
  }

  get text(): string {
    return Buffer.from(this.#text.view(0, this.#text.length)).toString();
  }

  get closing(): string | undefined {
    return this.#session.closing;
  }

  /** Its one client sends letters. */
  type(letters: string): void {
    this.#session.receive(Buffer.from(letters));
    this.cluster.commit();
  }

  /** What its client receives within a time. */
  async replies(ms = 200): Promise<string> {
    await this.#world.clock.pass(ms);
    let replies = '';
    for (
      let bytes = this.#session.nextOutput(100);
      bytes !== undefined;
      bytes = this.#session.nextOutput(100)
    ) {
      replies += Buffer.from(bytes).toString();
    }
    return replies;
  }

  types(type: ServerEvent['type']): ServerEvent[] {
    return this.events.filter((event) => event.type === type);
  }
}

function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'did not fail',
    (error: Error) => error.message,
  );
}

test('servers share one text, and each answers its own clients', async () => {
  const world = new World();
  const [one, two] = [await world.started(), await world.started()];
  one.type('ab');
  assert.is(await one.replies(), 'aab');
  two.type('c');
  assert.is(await two.replies(), 'abc');
  assert.equal([one.text, two.text], ['abc', 'abc']);
});

test('a server that starts has the whole text, also in several pages', async () => {
  const world = new World();
  const one = await world.started(10_000);
  for (let i = 0; i < 1_500; i += 1) {
    one.type('x');
    await world.clock.pass(5);
    await one.replies(0);
  }
  const two = await world.started(10_000);
  assert.is(two.text, 'x'.repeat(1_500));
  assert.is(two.cluster.status.groups, one.cluster.status.groups);
});

test('a member that does not answer is left for the next one, and a letter is stored once', async () => {
  const world = new World();
  const server = await world.started();
  const first = server.cluster.status.member;
  world.network.silent.add(first ?? '');
  server.type('a');
  assert.is(await server.replies(400), '');
  assert.is(await server.replies(5_000), 'a');
  assert.is.not(server.cluster.status.member, first);
  assert.equal(server.types('memberLost'), [
    { type: 'memberLost', member: first, reason: 'no answer for 500 ms' },
  ]);
});

test('while the members elect a leader a letter waits, and at most 1.1 s after that', async () => {
  for (let electionMs = 250; electionMs <= 3_000; electionMs += 250) {
    const world = new World();
    const server = await world.started();
    for (const member of MEMBERS) world.network.silent.add(member);
    server.type('a');
    assert.is(await server.replies(electionMs), '');
    world.network.silent.clear();
    assert.is(await server.replies(1_100), 'a', `${electionMs}`);
  }
});

test('an answer that is lost does not double the letter', async () => {
  const world = new World();
  const server = await world.started();
  world.network.loss = 2;
  for (const letter of 'abcdefgh') server.type(letter);
  await world.clock.pass(60_000);
  world.network.loss = 0;
  assert.is(await server.replies(60_000), 'aababcabcdabcdeabcdefabcdefgabcdefgh');
});

test('without a majority letters wait, then clients are disconnected, and it goes on when etcd is back', async () => {
  const world = new World();
  const server = await world.started();
  const reasons: string[] = [];
  server.cluster.onUnavailable(({ detail }) => reasons.push(detail));
  for (const member of MEMBERS) world.network.silent.add(member);
  server.type('a');
  assert.is(await server.replies(TIMEOUT_MS - 2_000), '');
  assert.equal(reasons, []);
  assert.is(server.cluster.status.notReady, 'no member of etcd is connected');
  await world.clock.pass(4_000);
  assert.equal(reasons, ['etcd has not answered for 30 s']);
  assert.is(server.cluster.status.notReady, 'etcd has not answered for 30 s');
  assert.is(server.types('etcdUnavailable').length, 1);

  world.network.silent.clear();
  assert.is(await server.replies(10_000), 'a', 'the letter that waited was stored once');
  assert.is(server.types('etcdAvailable').length, 1);
  assert.is(server.cluster.status.notReady, undefined);
});

test('while etcd is unavailable a new letter closes its connection with that reason', async () => {
  const world = new World();
  const server = await world.started();
  for (const member of MEMBERS) world.network.silent.add(member);
  await world.clock.pass(2 * TIMEOUT_MS);
  server.type('a');
  assert.is(server.closing, 'unavailable');
});

test('a server that is stopped for longer than the timeout goes on, and disconnects no client', async () => {
  const world = new World();
  const [frozen, other] = [await world.started(), await world.started()];
  let disconnected = false;
  frozen.cluster.onUnavailable(() => {
    disconnected = true;
  });
  frozen.type('a');
  frozen.host.stop();
  await world.clock.pass(100);
  other.type('b');
  assert.match(await other.replies(2 * TIMEOUT_MS), /^a?b$/);
  frozen.host.continue();
  assert.match(await frozen.replies(10_000), /^b?a$/);
  assert.is(frozen.text, other.text);
  assert.not(disconnected);
});

test('a full etcd is said once, rejects letters, and letters that wait are stored when there is room', async () => {
  const world = new World();
  const server = await world.started();
  world.etcd.full = true;
  server.type('a');
  assert.is(await server.replies(5_000), '');
  assert.is(server.types('diskFull').length, 1);
  assert.is(server.cluster.status.notReady, "etcd's quota is used up");
  world.etcd.full = false;
  assert.is(await server.replies(2_000), 'a');
  assert.is(server.types('diskFree').length, 1);
});

test('a message that the watch has dropped is read again before anything after it is answered', async () => {
  const world = new World();
  const [one, two] = [await world.started(), await world.started()];
  world.network.drops = 1;
  one.type('a');
  await world.clock.pass(10);
  world.network.drops = 0;
  two.type('b');
  assert.is(await two.replies(5_000), 'ab');
  assert.is(await one.replies(5_000), 'a');
});

test('a dropped message is noticed by the heartbeat, although no letter follows', async () => {
  const world = new World();
  const [one, two] = [await world.started(), await world.started()];
  world.network.drops = 1;
  one.type('a');
  await world.clock.pass(10);
  world.network.drops = 0;
  await world.clock.pass(5_000);
  assert.is(two.text, 'a');
});

test('a server that was away while etcd forgot its history reads everything again', async () => {
  const world = new World();
  const [one, two] = [await world.started(), await world.started()];
  world.network.drops = 1;
  one.type('ab');
  await world.clock.pass(10);
  world.etcd.compact();
  world.network.drops = 0;
  two.type('c');
  assert.is(await two.replies(10_000), 'abc');
  assert.is(await one.replies(10_000), 'aab');
});

test('the text is full at the same letter for every server', async () => {
  const world = new World();
  const [one, two] = [await world.started(4), await world.started(4)];
  one.type('abc');
  two.type('def');
  await world.clock.pass(1_000);
  const replies = [await one.replies(), await two.replies()];
  assert.match(one.text, /^(abcd|defa)$/);
  assert.is(two.text, one.text);
  const [first, last] = one.text === 'abcd' ? [one, two] : [two, one];
  assert.equal([first.closing, last.closing], [undefined, 'full']);
  assert.equal(
    replies.sort().map((reply) => reply.at(-1)),
    first === one ? ['c', 'd'] : ['a', 'f'],
  );
});

test('another maximum length than that of the first server is rejected', async () => {
  const world = new World();
  await world.started(1_000);
  assert.is(
    await failure(world.started(500)),
    'the text text in etcd: the servers of this text have --max-length 1000, not 500',
  );
});

test('a start without a member that answers names each of them', async () => {
  const world = new World();
  for (const member of MEMBERS) world.network.silent.add(member);
  const started = world.clock.now();
  assert.match(
    await failure(world.started()),
    /^no member of etcd answers: m1: no answer for \d+ ms; m2: no answer for \d+ ms; m3: no answer for \d+ ms$/,
  );
  assert.is(world.clock.now() - started, 5_000);
});

test('a deleted key stops the server and is named', async () => {
  const world = new World();
  const server = await world.started();
  server.type('a');
  await server.replies();
  const [key = ''] = world.etcd
    .read({ from: 'strsvr/text/e/', to: 'strsvr/text/e0', limit: 1, revision: 0 })
    .keys.map(({ key }) => key);
  world.etcd.put({ [key]: undefined });
  await world.clock.pass(100);
  assert.is(await failure(server.cluster.failed), `the text text in etcd: ${key} was deleted`);
  assert.is(server.types('clusterFailed').length, 1);
});

test('an etcd that was restored from a backup stops the server', async () => {
  for (const clusterId of [1, 2]) {
    const world = new World();
    const server = await world.started();
    server.type('a');
    await server.replies();
    world.etcd = new VirtualEtcd();
    world.etcd.clusterId = clusterId;
    for (const member of MEMBERS) world.network.silent.add(member);
    await world.clock.pass(2_000);
    world.network.silent.clear();
    await world.clock.pass(10_000);
    assert.match(
      await failure(server.cluster.failed),
      clusterId === 1 ? /is at revision 1, and was at \d+ before$/ : /another cluster/,
    );
  }
});

test('with --verbose each own group is logged, with its round trip', async () => {
  const world = new World();
  world.network.maxDelayMs = 0;
  const server = await world.started();
  server.type('ab');
  await server.replies();
  assert.equal(server.types('committed'), [
    { type: 'committed', bytes: 2, groups: 1, behind: 0, milliseconds: 0 },
  ]);
});

test('a server that is closed while a letter waits stops at once', async () => {
  const world = new World();
  const server = await world.started();
  for (const member of MEMBERS) world.network.silent.add(member);
  server.type('a');
  await world.clock.pass(100);
  let closed = false;
  void server.cluster.close().then(() => {
    closed = true;
  });
  await world.clock.pass(2_000, () => closed);
  assert.ok(closed);
});

test.run();
