// TLS, with certificates of openssl, our own client, and `openssl s_client`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { type LogEntry, OperationalError, startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteClient } from '../support/byte-client.js';
import { Certificates, type KeyPair, NO_OPENSSL } from '../support/certificates.js';
import { rejects } from '../support/cli-errors.js';
import { newFile } from '../support/journal-fixtures.js';
import { ended, Program } from '../support/program.js';
import { type Address, at, withServer, withStrsvr } from '../support/servers.js';
import { testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

const certificates = new Certificates();
const make = <Made>(body: () => Made): Made | undefined => (NO_OPENSSL === undefined ? body() : undefined);
const made = make(() => {
  const ca = certificates.authority('authority');
  const otherCa = certificates.authority('other');
  return {
    ca,
    otherCa,
    server: certificates.signed('server', ca),
    renewed: certificates.signed('renewed', ca),
    expired: certificates.signed('expired', ca, undefined, -1),
    elsewhere: certificates.signed('elsewhere', ca, 'DNS:elsewhere.example'),
    client: certificates.signed('client', ca),
    stranger: certificates.signed('stranger', otherCa),
  };
});

/** Registers a test that needs the certificates. */
function withCertificates(name: string, body: (pems: NonNullable<typeof made>) => Promise<void>): void {
  testWith(test, NO_OPENSSL, name, async () => {
    if (made !== undefined) await body(made);
  });
}

function secure({ cert, key }: KeyPair, clientCa?: KeyPair) {
  return { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa?.cert } as const;
}

function trusting(ca: KeyPair, own?: KeyPair) {
  const identity = own && { cert: readFileSync(own.cert), key: readFileSync(own.key) };
  return { tls: { ca: readFileSync(ca.cert), ...identity } };
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, OperationalError);
  return (error as Error).message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST');
}

withCertificates(
  'two clients, long replies, and a paste are served as without TLS',
  async ({ ca, server }) => {
    const text = 'x€'.repeat(25_000);
    await withServer({ ...secure(server), journal: newFile(text) }, async ({ address }) => {
      const [one, other] = await Promise.all([
        connect({ ...address, ...trusting(ca) }),
        connect({ ...address, ...trusting(ca) }),
      ]);
      assert.ok((await one.send('a')) === `${text}a`);
      assert.ok((await other.send('é')) === `${text}aé`);
      const replies = await Promise.all([...'0123456789'.repeat(5)].map((letter) => one.send(letter)));
      assert.is(replies.at(-1)?.length, text.length + 52);
      for (const client of [one, other]) client.close();
    });
  },
);

withCertificates(
  'thousands of letters at once are all answered, and the end of the stream too',
  async ({ ca, server }) => {
    await withServer({ ...secure(server) }, async ({ address }) => {
      const socket = connectTls({ ...address, ca: readFileSync(ca.cert) });
      await once(socket, 'secureConnect');
      const letters = 3_000;
      socket.end('y'.repeat(letters));
      let bytes = 0;
      for await (const chunk of socket) bytes += chunk.length;
      assert.is(bytes, (letters * (letters + 1)) / 2);
    });
  },
);

withCertificates('a client that does not read is disconnected; another is served', async ({ ca, server }) => {
  const closed: string[] = [];
  const onEvent = ({ event }: LogEntry) => {
    if (event.type === 'closed') closed.push(event.reason);
  };
  const options = { ...secure(server), journal: newFile('x'.repeat(500_000)), stallTimeoutMs: 500, onEvent };
  await withServer(options, async ({ address }) => {
    const slow = connectTls({ ...address, ca: readFileSync(ca.cert) }).on('error', () => {});
    await once(slow, 'secureConnect');
    slow.pause();
    slow.write('y'.repeat(200));
    const healthy = await connect({ ...address, ...trusting(ca) });
    while (closed.length === 0) await healthy.send('z');
    assert.equal(closed, ['stalled']);
    slow.destroy();
    healthy.close();
  });
});

withCertificates(
  'only clients with a valid certificate of the authority are accepted; others are not affected',
  async ({ ca, server, client, stranger, expired }) => {
    const rejected: string[] = [];
    const onEvent = ({ event }: LogEntry) => {
      if (event.type === 'rejected' || event.type === 'rejectedSummary') rejected.push(event.reason);
    };
    await withServer({ ...secure(server, ca), onEvent, clients: 2 }, async ({ address, closed }) => {
      const send = async (own?: KeyPair) => {
        const connection = await connect({ ...address, ...trusting(ca, own) });
        const reply = await connection.send('a');
        connection.close();
        return reply;
      };
      const before = await connect({ ...address, ...trusting(ca, client) });
      assert.is(await before.send('a'), 'a');
      for (const [at, own] of [undefined, stranger, expired].entries()) {
        assert.match(await failure(send(own)), /^[^\n]+$/);
        await until(() => rejected.length > at);
      }
      assert.equal(rejected, [
        'it has no certificate',
        'its certificate is not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        'its certificate is not accepted: CERT_HAS_EXPIRED',
      ]);
      assert.is(await send(client), 'aa'); // rejected ones do not count for `clients`
      assert.is(await before.send('a'), 'aaa');
      before.close();
      assert.is((await closed).stats.rejected, 3);
    });
  },
);

withCertificates('what is wrong with the server’s certificate is one line for the client', async (pems) => {
  const { ca, otherCa, server, expired, elsewhere } = pems;
  const seen = async (pair: KeyPair, authority: KeyPair, host = '127.0.0.1') => {
    let message = '';
    await withServer(secure(pair), async ({ address: { port } }) => {
      message = await failure(connect({ host, port, ...trusting(authority) }));
    });
    return message;
  };
  assert.is(
    await seen(server, otherCa),
    'the certificate of HOST is signed by no known authority; give its certificate with --ca',
  );
  assert.is(await seen(expired, ca), 'the certificate of HOST has expired');
  assert.is(await seen(elsewhere, ca), 'the certificate of HOST is for another host than 127.0.0.1');
  await withServer({}, async ({ address }) => {
    assert.is(
      await failure(connect({ ...address, ...trusting(ca) })),
      'HOST does not speak TLS; leave out --tls',
    );
  });
  const wrong = connect({ port: 1, tls: { cert: 'no certificate', key: 'no key' } });
  assert.match(await failure(wrong), /^the certificate, its key or the authority cannot be used: /);
});

withCertificates(
  'a connection that is not TLS is rejected with a reason, and others are served',
  async ({ ca, server }) => {
    const rejected: string[] = [];
    const onEvent = ({ event }: LogEntry) => {
      if (event.type === 'rejected') rejected.push(event.reason);
    };
    await withServer({ ...secure(server), onEvent }, async ({ address }) => {
      const [plain, silent] = [await ByteClient.connect(address), await connect(address)];
      plain.send('letters without TLS\n');
      await plain.receiveAll();
      assert.match(rejected[0] ?? '', /^no TLS handshake: [^\n]+$/);
      const client = await connect({ ...address, ...trusting(ca) });
      assert.is(await client.send('b'), 'b');
      client.close();
      assert.match(await failure(silent.send('a')), /, or expects TLS \(--tls\)$/);
      assert.is(rejected[1], 'no TLS handshake within 10 s');
    });
  },
);

withCertificates(
  'an unfinished handshake counts as a connection, and does not hold up a stop',
  async ({ server }) => {
    await withServer({ ...secure(server), maxConnections: 1 }, async (running) => {
      const silent = createConnection(running.address);
      await once(silent, 'connect');
      const second = createConnection(running.address);
      await once(second.resume(), 'close');
      await until(() => running.stats.rejected === 1);
      const closed = once(silent.resume(), 'close');
      await running.stop();
      await closed;
    });
  },
);

withCertificates(
  'a certificate is read again when its files change, and wrong ones are not used',
  async ({ ca, server, renewed, stranger }) => {
    const pair = { cert: `${certificates.folder}/live.crt`, key: `${certificates.folder}/live.key` };
    const replace = ({ cert, key }: KeyPair) => {
      copyFileSync(cert, pair.cert);
      copyFileSync(key, pair.key);
    };
    replace(server);
    const events: string[] = [];
    const onEvent = ({ event }: LogEntry) => {
      if (event.type === 'certificate') events.push(event.subject);
      if (event.type === 'warning') events.push(event.message.replaceAll(certificates.folder, ''));
    };
    await withServer({ ...secure(pair), onEvent }, async ({ address }) => {
      const subject = async () => {
        const socket = connectTls({ ...address, ca: readFileSync(ca.cert) });
        await once(socket, 'secureConnect');
        const { subject } = socket.getPeerCertificate() as PeerCertificate;
        socket.destroy();
        return subject.CN;
      };
      assert.is(await subject(), 'server');
      const before = await connect({ ...address, ...trusting(ca) });
      replace(renewed);
      await until(() => events.includes('CN=renewed'));
      assert.is(await subject(), 'renewed');
      copyFileSync(stranger.key, pair.key);
      const warning =
        'the certificates stay as they were: the key /live.key does not belong to the certificate /live.crt';
      await until(() => events.filter((event) => event === warning).length > 0);
      assert.is(await subject(), 'renewed');
      assert.is(await before.send('a'), 'a'); // connections stay
      before.close();
    });
  },
);

withCertificates(
  'files that are missing or wrong: one line that names the file, exit 1',
  async ({ server, renewed, expired }) => {
    const garbage = certificates.file('garbage', 'nothing\n');
    const start = async (tlsCert: string, tlsKey: string, tlsClientCa?: string) => {
      const starting = startStringServer({ port: 0, tlsCert, tlsKey, tlsClientCa });
      const error = await starting.catch((reason: unknown) => reason);
      assert.instance(error, OperationalError);
      return (error as Error).message.replaceAll(certificates.folder, '');
    };
    assert.match(await start('/none', server.key), /^cannot read the certificate \/none: ENOENT[^\n]+$/);
    assert.match(await start(garbage, server.key), /^\/garbage is no certificate in PEM: [^\n]+$/);
    assert.match(await start(server.cert, garbage), /^\/garbage is no private key in PEM: [^\n]+$/);
    assert.is(
      await start(server.cert, renewed.key),
      'the key /renewed.key does not belong to the certificate /server.crt',
    );
    const wrongCa = await start(server.cert, server.key, garbage);
    assert.match(wrongCa, /^\/garbage is no certificate in PEM: [^\n]+$/);
    const { status, stderr } = await new Program('server/strsvr.js', [
      ...['0', '--tls-cert', server.cert, '--tls-key', renewed.key],
    ]).finished;
    assert.equal([status, stderr.split('\n').length], [1, 2]);
    const warnings: string[] = [];
    const onEvent = ({ event }: LogEntry) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    await withServer({ ...secure(expired), onEvent }, async () => {
      assert.match(warnings.join(), /^the certificate .+\/expired\.crt has expired on /);
    });
  },
);

withCertificates(
  'strclnt --tls and openssl s_client -quiet are clients of the command',
  async ({ ca, server, client }) => {
    const args = ['0', '--tls-cert', server.cert, '--tls-key', server.key, '--tls-client-ca', ca.cert];
    await withStrsvr(args, async (_server, address: Address) => {
      const files = ['--cert', client.cert, '--key', client.key];
      const strclnt = new Program('client/strclnt.js', [...at(address), '--tls', '--ca', ca.cert, ...files]);
      strclnt.child.stdin?.end('ab');
      assert.equal(await ended(strclnt), { status: 0, stdout: 'a\nab\n', stderr: '' });
      const own = ['-cert', client.cert, '-key', client.key];
      const openssl = new Program(
        spawn(
          'openssl',
          [
            's_client',
            '-quiet',
            '-verify_quiet',
            '-CAfile',
            ca.cert,
            ...own,
            '-connect',
            at(address).join(':'),
          ],
          { stdio: 'pipe' },
        ),
      );
      openssl.child.stdin?.write('c\n');
      await openssl.waitFor('stdout', /abc\n/);
      openssl.child.stdin?.end();
      openssl.kill();
      await openssl.finished;
    });
  },
);

test('options of TLS that do not fit together', async () => {
  await rejects('strsvr', 'server/strsvr.js', [
    [['0', '--tls-cert', 'x'], 'tlsCert, tlsKey: expected both or none'],
    [['0', '--tls-client-ca', 'x'], 'tlsClientCa: expected with tlsCert alone'],
    [['0', '--io', 'poll', '--tls-cert', 'x', '--tls-key', 'x'], '--tls-cert is for --io events alone'],
  ]);
  await rejects('strclnt', 'client/strclnt.js', [
    [['--ca', 'x'], '--ca wants --tls'],
    [['--tls', '--cert', 'x'], '--cert and --key: expected both or none'],
  ]);
  for (const [tls, message] of [
    [7, 'tls: expected an object'],
    [{ pfx: '' }, 'tls.pfx: no such option, expected ca, cert, key'],
    [{ ca: 7 }, 'tls.ca: expected a text in PEM, got number'],
  ] as const) {
    const error = await connect({ tls: tls as never }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    assert.is(error?.message, message);
  }
});

test.run();
