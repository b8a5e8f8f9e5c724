// Servers as processes on a real etcd, where there is one. `make soak` does the same for longer.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { type LogEntry, OperationalError, startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { prng } from '../../shared/prng.js';
import { Certificates, type KeyPair, NO_OPENSSL } from '../support/certificates.js';
import { NO_ETCD, RealEtcd } from '../support/etcd.js';
import { get } from '../support/http-client.js';
import { type Address, withServer, withStrsvr } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';
import { TestCluster } from '../support/test-cluster.js';
import { until } from '../support/waiting.js';

testWith(
  test,
  SLOW ?? NO_ETCD,
  'one fault of each kind on three members and three servers breaks no promise',
  () =>
    RealEtcd.with(3, async (etcd) => {
      const cluster = await TestCluster.start(etcd, 'faults', {
        servers: 3,
        clients: 6,
        dropOneOf: 20,
        faultMs: 600,
      });
      try {
        // Of a server and of a member at once; the partition alone.
        await Promise.all([cluster.round('kill server', prng(1)), cluster.round('stop member', prng(1))]);
        await Promise.all([cluster.round('stop server', prng(2)), cluster.round('kill leader', prng(2))]);
        await cluster.round('partition', prng(3));
        const { broken, answered } = await cluster.verdict();
        assert.is(broken, undefined);
        assert.ok(answered > 50, String(answered));
      } finally {
        await cluster.stop();
      }
      await readiness(etcd);
    }),
);

/** /readyz and /metrics of a server when two of its three members of etcd are stopped, and when they are back. */
async function readiness({ members }: RealEtcd): Promise<void> {
  const cluster = members.map(({ url }) => url);
  await withServer({ cluster, name: 'ready', http: '0' }, async (server) => {
    const http = server.http as Address;
    assert.is(await send(server.address, 'ab'), 'ab');
    const ready = async (status: number) => {
      for (;;) {
        const answer = await get(http, '/readyz');
        if (answer.status === status) return answer.body;
        await sleep(50);
      }
    };
    const state =
      /^ready\ncluster text ready: http:\/\/[\d.:]+, 2 groups, round trip [\d.]+ ms, behind by 0 own letters and 0 groups\n$/;
    assert.match(await ready(200), state);
    const metrics = (await get(http, '/metrics')).body;
    const member = server.cluster?.member;
    assert.ok(metrics.includes(`strsvr_cluster_info{name="ready",member="${member}"} 1\n`), metrics);
    for (const line of ['groups 2', 'groups_behind 0', 'pending_letters 0'])
      assert.ok(metrics.includes(`\nstrsvr_cluster_${line}\n`), line);
    assert.match(metrics, /\nstrsvr_cluster_round_trip_seconds 0\.\d+/);
    const stopped = members.slice(1);
    for (const one of stopped) one.signal('SIGSTOP');
    const waiting = send(server.address, 'c');
    waiting.catch(() => {});
    assert.match(
      await ready(503),
      /^no member of etcd is connected\ncluster text ready: no member, 2 groups, /,
    );
    assert.match((await get(http, '/metrics')).body, /\nstrsvr_ready 0\n/);
    for (const one of stopped) one.signal('SIGCONT');
    assert.match(await ready(200), /^ready\n/);
    assert.is(await waiting, 'abc');
  });
}

let one: RealEtcd | undefined;
test.after(() => one?.stop());

/** The one member that these tests share, with a text for each, and the options of a server of this process on it. */
function withEtcd(
  name: string,
  use: (
    etcd: RealEtcd,
    options: { readonly port: 0; readonly cluster: readonly string[]; readonly name: string },
  ) => Promise<void>,
): () => Promise<void> {
  return async () => {
    one ??= await RealEtcd.start(1, { args: ['--quota-backend-bytes', String(4 * 1024 * 1024)] });
    await use(one, { port: 0, cluster: one.members.map(({ url }) => url), name });
  };
}

testWith(
  test,
  NO_ETCD,
  'a restarted server continues with the text; another name is another text',
  withEtcd('restart', async (_etcd, options) => {
    await withServer(options, async ({ address }) => {
      assert.is(await send(address, 'aé'), 'aé');
    });
    await withServer(options, async (server) => {
      assert.is(server.text.toString(), 'aé');
      assert.is(await send(server.address, '😀'), 'aé😀');
      const { member, groups, pendingLetters, notReady, name } = server.cluster ?? {};
      assert.equal(
        { member, groups, pendingLetters, notReady, name },
        { member: options.cluster[0], groups: 3, pendingLetters: 0, notReady: undefined, name: 'restart' },
      );
    });
    await withServer({ ...options, name: 'other-1' }, async ({ address }) => {
      assert.is(await send(address, 'x'), 'x');
    });
  }),
);

testWith(
  test,
  NO_ETCD,
  'a key that an operator deletes ends the server, which names it',
  withEtcd('deleted', async (etcd, options) => {
    const server = await startStringServer(options);
    await send(server.address, 'a');
    const range = { key: base64('strsvr/deleted/e/'), range_end: base64('strsvr/deleted/e0') };
    const failure = server.closed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await etcd.call('kv/deleterange', range);
    const error = await failure;
    assert.instance(error, OperationalError);
    assert.match(
      String(error),
      /the text deleted in etcd: strsvr\/deleted\/e\/[0-9a-f-]{36}\/0000000000 was deleted$/,
    );
  }),
);

testWith(
  test,
  NO_ETCD,
  'a quota that is used up is a full disk: letters are rejected, and those that wait are answered when there is room',
  withEtcd('full', async (etcd, options) => {
    await withServer(options, async (server) => {
      const value = base64('x'.repeat(1_000_000));
      for (let full = false; !full; ) {
        full = await etcd.call('kv/put', { key: base64('fill'), value }).then(
          () => false,
          () => true,
        );
      }
      const waiting = send(server.address, 'a');
      await until(() => server.cluster?.notReady === "etcd's quota is used up");
      const rejected = await send(server.address, 'b').catch((error: unknown) => String(error));
      assert.match(rejected, /has closed the connection/);
      await compact(etcd);
      await etcd.call('maintenance/defragment', {});
      const { alarms } = (await etcd.call('maintenance/alarm', { action: 'GET' })) as { alarms: object[] };
      for (const alarm of alarms) await etcd.call('maintenance/alarm', { ...alarm, action: 'DEACTIVATE' });
      assert.is(await waiting, 'a');
    });
  }),
);

testWith(
  test,
  SLOW ?? NO_ETCD,
  'a server that was stopped while etcd compacted its history reads everything again',
  withEtcd('compacted', async (etcd, options) => {
    const args = ['0', '--cluster', options.cluster.join(), '--name', options.name];
    await withStrsvr(args, async (stopped, stoppedAddress) => {
      await withServer(options, async ({ address }) => {
        assert.is(await send(stoppedAddress, 'a'), 'a');
        stopped.child.kill('SIGSTOP');
        assert.is(await send(address, 'bcd'), 'abcd');
        await compact(etcd);
        const [member] = etcd.members;
        await member?.kill(); // so that the server must ask for the history again
        member?.start();
        await etcd.leader();
        stopped.child.kill('SIGCONT');
        assert.is(await send(stoppedAddress, 'e'), 'abcde');
      });
    });
  }),
);

testWith(
  test,
  NO_ETCD,
  'etcd does not answer: clients wait, are disconnected with the reason, and later ones are answered again',
  withEtcd('silent', async (etcd, options) => {
    const reasons: string[] = [];
    const onEvent = ({ event }: LogEntry) => {
      if (event.type === 'closed') reasons.push(`${event.reason}: ${event.detail}`);
    };
    await withServer({ ...options, clusterTimeoutMs: 2_000, onEvent }, async (server) => {
      assert.is(await send(server.address, 'a'), 'a');
      const [member] = etcd.members;
      member?.signal('SIGSTOP');
      const unanswered = await send(server.address, 'b').catch((error: unknown) => String(error));
      assert.match(unanswered, /closed the connection|lost the connection/);
      await until(() => reasons.includes('unavailable: etcd has not answered for 2 s'));
      assert.is(server.cluster?.notReady, 'etcd has not answered for 2 s');
      member?.signal('SIGCONT');
      await until(() => server.cluster?.notReady === undefined);
      assert.match(await send(server.address, 'c'), /^ab?c$/);
    });
  }),
);

testWith(
  test,
  SLOW ?? NO_ETCD ?? NO_OPENSSL,
  'TLS and a user: to etcd, and TLS to the clients; what is wrong is one line',
  async () => {
    const certificates = new Certificates();
    const ca = certificates.authority('authority');
    const own = certificates.signed('server', ca);
    const expired = certificates.signed('expired', ca, undefined, -1);
    const other = certificates.signed('elsewhere', ca, 'DNS:elsewhere.example');
    const elsewhere = createServer({ cert: readFileSync(other.cert), key: readFileSync(other.key) });
    await once(elsewhere.on('tlsClientError', () => {}).listen(0, '127.0.0.1'), 'listening');
    const elsewhereUrl = `https://127.0.0.1:${(elsewhere.address() as { port: number }).port}`;
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on('warning', onWarning);
    const password = certificates.file('password', 'secret\n');
    const tls = [
      '--client-cert-auth',
      '--trusted-ca-file',
      ca.cert,
      '--cert-file',
      own.cert,
      '--key-file',
      own.key,
      '--bcrypt-cost',
      '4', // the least
    ];
    await RealEtcd.with(
      1,
      async (etcd) => {
        const cluster = etcd.members.map(({ url }) => url);
        const identity = (pair: KeyPair) => ({ clusterCert: pair.cert, clusterKey: pair.key });
        const plain = { port: 0, cluster, clusterCa: ca.cert, ...identity(own) };
        const http = { ca: readFileSync(ca.cert), cert: readFileSync(own.cert), key: readFileSync(own.key) };
        for (const [path, body] of [
          ['auth/user/add', { name: 'root', password: 'secret' }],
          ['auth/user/add', { name: 'strsvr', password: 'secret' }],
          ['auth/role/add', { name: 'texts' }],
          [
            'auth/role/grant',
            { name: 'texts', perm: { permType: 2, key: base64('strsvr/'), range_end: base64('strsvr0') } },
          ],
          ['auth/user/grant', { user: 'strsvr', role: 'texts' }],
          ['auth/user/grant', { user: 'root', role: 'root' }],
          ['auth/enable', {}],
        ] as const) {
          await post(`${cluster[0]}/v3/${path}`, body, http);
        }
        const user = { clusterUser: 'strsvr', clusterPasswordFile: password };
        const clients = { tlsCert: own.cert, tlsKey: own.key };
        await withServer({ ...plain, ...user, ...clients }, async ({ address }) => {
          const connection = await connect({ ...address, tls: { ca: http.ca } });
          assert.is(await connection.send('a'), 'a');
          connection.close();
        });
        const wrong = certificates.file('wrong', 'guess\n');
        const otherCa = certificates.authority('other');
        for (const [options, message] of [
          [
            { ...plain, ...user, clusterPasswordFile: wrong },
            /authentication failed, invalid user ID or password$/,
          ],
          [
            { ...plain, ...user, clusterCa: otherCa.cert },
            /unable to verify the first certificate|self-signed certificate/,
          ],
          [
            { ...plain, ...user, cluster: [elsewhereUrl] },
            /Hostname\/IP does not match certificate's altnames: IP: 127\.0\.0\.1 is not in the cert's list/,
          ],
          [
            { ...plain, ...user, ...identity(expired) },
            /: \w+ alert (bad|expired) certificate$|: \w+ alert certificate expired$/,
          ],
          [plain, /user name is empty|permission denied/],
        ] as const) {
          let error: unknown;
          do {
            error = await startStringServer(options).catch((reason: unknown) => reason);
            assert.instance(error, OperationalError);
          } while ((error as Error).message.endsWith(': no answer')); // on a busy machine
          const line = (error as Error).message;
          assert.match(line, /^no member of etcd answers: https:\/\/127\.0\.0\.1:\d+: [^\n]+$/);
          assert.match(line, message);
        }
      },
      { scheme: 'https', args: tls },
    );
    process.off('warning', onWarning);
    elsewhere.close();
    assert.equal(warnings, []); // such as DEP0123, of an address as a server name
  },
);

test('no etcd at the start: one line that names each endpoint', async () => {
  const cluster = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  const error = await startStringServer({ port: 0, cluster }).catch((reason: unknown) => reason);
  assert.instance(error, OperationalError);
  assert.is(
    (error as Error).message,
    'no member of etcd answers: http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; http://127.0.0.1:2: connect ECONNREFUSED 127.0.0.1:2',
  );
});

/** Sends letters over a connection of their own. @returns the reply to the last one */
async function send(address: Address, letters: string): Promise<string> {
  const connection = await connect(address);
  try {
    let reply = '';
    for (const letter of letters) reply = await connection.send(letter);
    return reply;
  } finally {
    connection.close();
  }
}

/** Calls the JSON API of an etcd that asks for a certificate, once it answers. */
async function post(url: string, body: object, access: object): Promise<void> {
  for (;;) {
    const status = await new Promise<number | undefined>((resolve) => {
      const calling = request(url, { ...access, method: 'POST' }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      calling.on('error', () => resolve(undefined)).end(JSON.stringify(body));
    });
    if (status === 200) return;
    if (status !== undefined && status !== 503) throw new Error(`${url}: ${status}`);
    await sleep(50);
  }
}

/** Forgets the history up to now. */
async function compact(etcd: RealEtcd): Promise<void> {
  const answer = await etcd.call('kv/range', { key: base64('x') });
  const { header } = answer as { header: { revision: string } };
  await etcd.call('kv/compaction', { revision: header.revision, physical: true });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

test.run();
