// A wall on a real server, without a browser: phones as WebSocket clients, the stream of events, what is rejected, the command.

import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { Rejections } from '../../client/wall/limits.js';
import { Phone } from '../../client/wall/phone.js';
import { startReplay } from '../../client/wall/replay.js';
import { Room } from '../../client/wall/room.js';
import { launch } from '../../client/wall/server-target.js';
import { SharedText } from '../../client/wall/shared-text.js';
import { Timeline } from '../../client/wall/timeline.js';
import { Viewers } from '../../client/wall/viewers.js';
import type { WallEvent } from '../../client/wall/wall-event.js';
import { OperationalError } from '../../shared/errors.js';
import { listen } from '../../shared/listen.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { ByteClient } from '../support/byte-client.js';
import { rejects } from '../support/cli-errors.js';
import { ended, Program, skipChildCoverage } from '../support/program.js';
import { type Address, withServer } from '../support/servers.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';
import { STRSVR, withWall } from './running-wall.js';

skipChildCoverage();
const folder = mkdtempSync(join(tmpdir(), 'strsvr-wall-'));
test.after(() => rmSync(folder, { recursive: true }));

/** Ten letters a second are allowed. */
const PACE_MS = 120;
let tokens = 0;

interface TestPhone {
  readonly socket: WebSocket;
  readonly messages: Array<{ readonly type: string; readonly [field: string]: unknown }>;
  /** Resolves when the wall has closed its socket. */
  readonly closed: () => Promise<readonly [code: number, reason: string]>;
}

function phone(
  { port }: Address,
  name: string,
  token = `${tokens++}`.padStart(32, '0'),
  path = '/ws',
): TestPhone {
  const query = new URLSearchParams({ name, token });
  const origin = `http://127.0.0.1:${port}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}?${query}`, { origin });
  const messages: TestPhone['messages'] = [];
  socket.on('message', (data) => messages.push(path === '/ws' ? JSON.parse(String(data)) : String(data)));
  socket.on('error', () => {});
  let how: readonly [number, string] | undefined;
  socket.on('close', (code, reason) => {
    how = [code, String(reason)];
  });
  const closed = async () => {
    await until(() => how !== undefined, `${name}: its socket is closed`);
    return how ?? [0, ''];
  };
  return { socket, messages, closed };
}

const joined = ({ messages }: TestPhone) => until(() => messages.some(({ type }) => type === 'welcome'));
const answers = ({ messages }: TestPhone) => messages.filter(({ type }) => type === 'answer');

/** A page that shows the wall. */
async function viewer({ port }: Address, headers: Record<string, string> = {}) {
  const call = get({ host: '127.0.0.1', port, path: '/events', headers, agent: false });
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const timeline = new Timeline();
  const events: WallEvent[] = [];
  let rest = '';
  let id = '';
  response.on('data', (chunk) => {
    const frames = `${rest}${chunk}`.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      id = /^id: (.*)$/m.exec(frame)?.[1] ?? id;
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data === undefined) continue;
      events.push(JSON.parse(data));
      timeline.apply(JSON.parse(data));
    }
  });
  response.on('error', () => {});
  const now = () => timeline.at(Number.POSITIVE_INFINITY);
  return { response, timeline, events, now, id: () => id, close: () => call.destroy() };
}

test('letters of phones and of terminals, with their authors, on every page', async () => {
  await withWall(STRSVR, async ({ http, server }) => {
    const page = await viewer(http);
    const [ada, grace] = [phone(http, 'Ada'), phone(http, 'Grace')];
    await Promise.all([joined(ada), joined(grace)]);
    for (const [one, letter] of [
      [ada, 'a'],
      [grace, 'é'],
      [ada, '😀'],
    ] as const) {
      const before = answers(one).length;
      one.socket.send(letter);
      await until(() => answers(one).length > before);
    }
    const terminal = await ByteClient.connect(server);
    terminal.send('t');
    await until(() => page.timeline.letters.join('') === 'aé😀t');
    const names = page.timeline.authors.map((author) => page.timeline.client(author)?.name);
    assert.equal(names, ['Ada', 'Grace', 'Ada', 'terminal 1']);
    assert.equal(answers(ada).at(-1), { ...answers(ada).at(-1), offset: 7, tail: 'aé😀' });
    await until(() => page.now().verdict.headline === 'No client waits');
    if (HAS_PROC) assert.match(page.now().verdict.why, /^One thread sleeps in epoll/);
    await until(() => ada.messages.some(({ type, tail }) => type === 'state' && tail === 'aé😀t'));

    // A page that lost its connection goes on exactly where it was; a new one has all.
    const id = page.id();
    page.close();
    grace.socket.send('z');
    await until(() => answers(grace).length === 2);
    const resumed = await viewer(http, { 'last-event-id': id });
    const fresh = await viewer(http, { 'last-event-id': 'x' });
    await until(() => resumed.timeline.letters.length > 0 && fresh.timeline.letters.length === 5);
    assert.equal([id, resumed.timeline.letters, fresh.timeline.letters.join('')], ['8', ['z'], 'aé😀tz']);
    terminal.close();
    await until(() => fresh.now().clients.length === 2);
    grace.socket.close();
    await until(() => fresh.now().clients.length === 1);
    resumed.close();
    fresh.close();
  });
});

if (HAS_PROC) {
  test('under blocking a phone is frozen and learns for whom; a phone that left is shown to have left', async () => {
    await withWall([...STRSVR, '--io', 'blocking'], async ({ http }) => {
      const page = await viewer(http);
      const [ada, grace] = [phone(http, 'Ada'), phone(http, 'Grace')];
      await joined(ada);
      await until(() => page.now().clients[0]?.status.state === 'awaited');
      await joined(grace);
      grace.socket.send('g');
      await until(() => page.now().verdict.headline === 'Grace waits for Ada');
      await until(() => grace.messages.some(({ waitsFor }) => waitsFor === 'Ada'));
      assert.match(page.now().threads[0]?.note ?? '', /^asleep until Ada sends$/);
      grace.socket.close();
      await until(() => page.now().clients.some(({ status }) => status.state === 'left'));
      // The server comes round when Ada sends.
      while (page.now().clients.length > 1) {
        const before = answers(ada).length;
        ada.socket.send('a');
        await until(() => answers(ada).length > before);
        await sleep(PACE_MS);
      }
      await until(() => page.timeline.letters.includes('g'));
      page.close();
    });
  });
}

/** As the tutorial's, it stores all bytes, also line feeds; with a thread for each client. */
const STORES_LINE_FEEDS = `
import socket, threading
server = socket.create_server(('127.0.0.1', 0))
v, lock = b'', threading.Lock()
def serve(client):
    global v
    while letters := client.recv(64):
        with lock:
            v += letters
            client.sendall(v)
while True:
    threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()
`;

testWith(test, SLOW ?? missingProgram('python3'), 'a server in Python that stores line feeds', async () => {
  await withWall(
    ['python3', '-c', STORES_LINE_FEEDS],
    async ({ http, server }) => {
      const page = await viewer(http);
      const [ada, grace] = [phone(http, 'Ada'), phone(http, 'Grace')];
      await Promise.all([joined(ada), joined(grace)]);
      for (const letter of 'a😀b') ada.socket.send(letter); // each when the one before is answered
      await until(() => answers(ada).length === 3);
      const terminal = await ByteClient.connect(server);
      terminal.send('t\n');
      await terminal.receive('a😀bt\n'.length);
      grace.socket.send('g');
      await until(() => page.timeline.letters.join('') === 'a😀bt\ng');
      const names = page.timeline.authors.map((author) => page.timeline.client(author)?.name);
      assert.equal(names, ['Ada', 'Ada', 'Ada', undefined, undefined, 'Grace']);
      if (HAS_PROC) await until(() => /^Each client has a thread of its own/.test(page.now().verdict.why));
      // Without --raw the wall says what is wrong.
      await withWall(server, async ({ http, lines }) => {
        const eve = phone(http, 'Eve');
        await joined(eve);
        for (const letter of 'xy') eve.socket.send(letter);
        await until(() => lines.some((line) => line.endsWith('use --raw')));
      });
      terminal.close();
      page.close();
    },
    { raw: true },
  );
});

test('bots type, and one goes to lunch', async () => {
  await withWall(
    undefined,
    async ({ http }) => {
      const page = await viewer(http);
      await until(() => page.timeline.letters.length > 5);
      const { clients } = page.now();
      assert.equal(clients.map(({ info }) => [info.name, info.kind]).slice(0, 2), [
        ['Ada', 'bot'],
        ['Barbara', 'bot'],
      ]);
      assert.is(clients.length, 9);
      page.close();
    },
    { bots: 9 },
  );
});

test('a phone that connects again keeps its name, and its old connection ends', async () => {
  await withWall(undefined, async ({ http }) => {
    const token = 'f'.repeat(32);
    const first = phone(http, 'Ada', token);
    await joined(first);
    const again = phone(http, 'Another name', token);
    await joined(again);
    assert.is(again.messages[0]?.['name'], 'Ada');
    await first.closed();
  });
});

test('what is sent too much, or is no letter, is dropped and counted; the server is unharmed', async () => {
  await withWall(undefined, async ({ wall, http }) => {
    const ada = phone(http, 'Ada');
    await joined(ada);
    for (const wrong of ['', 'ab', '\u0007', '\ud800']) ada.socket.send(wrong);
    for (let letter = 0; letter < 40; letter += 1) ada.socket.send('x');
    await until(() => answers(ada).length >= 20 && ada.messages.some(({ type }) => type === 'dropped'));
    const [binary, large] = [phone(http, 'B'), phone(http, 'L')];
    await Promise.all([joined(binary), joined(large)]);
    binary.socket.send(Buffer.of(97));
    large.socket.send('x'.repeat(300));
    assert.equal([(await binary.closed())[0], (await large.closed())[0]], [1003, 1009]);
    const without = phone(http, 'N', 'no token');
    assert.equal(await without.closed(), [1008, 'a phone without a token']);
    ada.socket.terminate();
    const again = phone(http, 'Again');
    await joined(again);
    again.socket.send('y');
    await until(() => answers(again).length === 1);
    const { rejected = '' } = wall;
    for (const reason of ['no letter', 'more than 10 letters', 'binary', 'oversized', 'without a token'])
      assert.match(rejected, reason);
  });
});

test('an address has 40 phones, or as many as the option says', async () => {
  await withWall(
    undefined,
    async ({ wall, http }) => {
      const phones = [phone(http, 'a'), phone(http, 'b')];
      await Promise.all(phones.map(joined));
      await phone(http, 'c').closed();
      assert.match(wall.rejected ?? '', '1 × more WebSockets of one address');
      const sockets = Array.from({ length: 30 }, () => connectTcp(http).on('error', () => {}));
      await until(() => /more connections of one address/.test(wall.rejected ?? ''));
      for (const socket of sockets) socket.destroy();
      phones[0]?.socket.close();
      await until(() => phones[0]?.socket.readyState === WebSocket.CLOSED);
    },
    { perAddress: 2 },
  );
});

test('a viewer that does not read misses states and no letter, and costs no memory', async () => {
  const text = new SharedText();
  let dropped = 0;
  const [large, small]: WallEvent[] = ['x'.repeat(64 * 1024), 'x'].map((call) => {
    return { at: 0, type: 'threads', threads: [{ call, note: '' }] };
  });
  const keyframe: WallEvent = {
    ...{
      at: 0,
      type: 'keyframe',
      title: 't',
      join: '',
      startedAt: 0,
      locked: false,
      clients: [],
      states: [],
    },
    ...{ figures: { notAccepted: 7 }, threads: [] },
    verdict: { tone: 'calm', headline: '', why: '', blockers: [] },
  };
  const viewers = new Viewers(
    text,
    () => keyframe,
    () => 0,
    () => {
      dropped += 1;
    },
  );
  let pending = () => 0;
  const server = createServer((_request, response) => {
    pending = () => response.writableLength;
    viewers.add(response, 0);
  });
  const slow = await viewer(await listen(server, { host: '127.0.0.1', port: 0 }));
  slow.response.pause();
  while (dropped === 0) {
    viewers.send(large as WallEvent);
    await setImmediate(); // the kernel takes some megabytes
    assert.ok(pending() < 2 * 256 * 1024, `${pending()} bytes pending`);
  }
  const full = pending();
  assert.ok(full > 256 * 1024, `${full} bytes pending`);
  text.learn(0, Buffer.from('ab'));
  for (const at of [0, 1_000]) text.take(at); // no author comes
  for (let event = 0; event < 1_000; event += 1)
    viewers.send(event === 500 ? { at: 0, type: 'text', ...text.between(0, 2) } : (small as WallEvent));
  assert.equal([dropped, pending()], [1_001, full]);
  slow.response.resume();
  await until(() => slow.timeline.letters.join('') === 'ab');
  assert.is(slow.now().figures.notAccepted, 7); // a keyframe has brought what it has missed
  viewers.close();
  server.close();
});

test('a phone that does not read its replies is disconnected', async () => {
  await withServer({}, async ({ address: server }) => {
    let terminated = false;
    const socket = Object.assign(new EventEmitter(), {
      ...{ readyState: WebSocket.OPEN, OPEN: WebSocket.OPEN, bufferedAmount: 0 },
      ...{ send: () => {}, close: () => {} },
      terminate: () => {
        terminated = true;
        socket.emit('close');
      },
    });
    const rejections = new Rejections(() => {});
    const room = new Room(
      () => {},
      () => {},
    );
    await Phone.join(socket as unknown as WebSocket, new URLSearchParams({ token: '0'.repeat(32) }), {
      ...{ server, rejections, room, raw: false, text: new SharedText(), title: '', banned: new Set() },
      ...{ locked: () => false, onEnd: () => {}, onExtraLine: () => {} },
    });
    const letter = () => socket.emit('message', Buffer.from('x'), false);
    for (let sent = 0; sent < 100; sent += 1) letter(); // most are dropped, and that is said
    assert.not(terminated);
    socket.bufferedAmount = 65 * 1024;
    letter();
    assert.ok(terminated);
    assert.match(rejections.summary() ?? '', '1 × phone that does not read');
  });
});

// --- who may do what ---

/** @returns the status of a request, or of the answer to an upgrade */
async function status(
  port: number,
  headers: Record<string, string>,
  path = '/',
  method = 'GET',
): Promise<number> {
  const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  call.end();
  const [answer] = (await Promise.race([once(call, 'response'), once(call, 'upgrade')])) as [IncomingMessage];
  call.destroy();
  return answer.statusCode ?? 0;
}

test('Host and Origin: 421, 403, 101', async () => {
  await withWall(
    undefined,
    async ({ http: { port }, lines }) => {
      const own = `127.0.0.1:${port}`;
      const hosts = {
        [own]: 200,
        [`localhost:${port}`]: 200,
        'wall.local': 200,
        [`wall.local:${port}`]: 200,
      };
      const wrong = { 'evil.example': 421, '127.0.0.1': 421, [`${own}.evil.example`]: 421 };
      for (const [host, expected] of Object.entries({ ...hosts, ...wrong }))
        assert.is(await status(port, { host }), expected, host);
      const upgrade = {
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      };
      const table: ReadonlyArray<readonly [string, string | undefined, string, number]> = [
        [own, `http://${own}`, '/ws', 101],
        [own, 'https://wall.local', '/teacher', 101],
        [own, `http://${own}`, '/other', 404],
        [own, undefined, '/ws', 403],
        [own, 'null', '/ws', 403],
        [own, 'http://evil.example', '/ws', 403],
        [own, `http://${own}.evil.example`, '/ws', 403],
        [own, `http://evil.example/${own}`, '/ws', 403],
        ['evil.example', 'http://evil.example', '/ws', 421],
      ];
      for (const [host, origin, path, expected] of table) {
        const headers = { ...upgrade, host, ...(origin !== undefined && { origin }) };
        assert.is(await status(port, headers, path), expected, `${host} ${origin} ${path}`);
      }
      assert.match(lines.join('\n'), /wrong Host \(evil\.example; --http-name allows a name\)/);
      assert.match(lines.join('\n'), /WebSocket of another Origin \(none\)/);
    },
    { names: ['wall.local'] },
  );
});

test('GET only, no file but those of the map, and headers that forbid everything else', async () => {
  await withWall(undefined, async ({ http: { port } }) => {
    const host = `127.0.0.1:${port}`;
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])
      assert.is(await status(port, { host }, '/', method), 405, method);
    for (const path of [
      '/strwall.js',
      '/page/../strwall.js',
      '/../../../package.json',
      '/%2e%2e/%2e%2e/%2e%2e/package.json',
      '/..%2f..%2f..%2fpackage.json',
      '/page/..\\strwall.js',
      '//etc/passwd',
      '/page/',
      '/__proto__',
    ])
      assert.is(await status(port, { host }, path), 404, path);
    for (const path of [
      '/',
      '/join',
      '/wall.css',
      '/icon.svg',
      '/qr.svg',
      '/page/wall.js',
      '/page/join.js',
      '/timeline.js',
    ]) {
      const response = await fetch(`http://${host}${path}`);
      assert.is(response.status, 200, path);
      const policy = response.headers.get('content-security-policy') ?? '';
      assert.match(policy, /^default-src 'none';/);
      assert.match(policy, "frame-ancestors 'none'");
      assert.not.match(policy, /unsafe-/);
      assert.is(response.headers.get('x-content-type-options'), 'nosniff');
      assert.is(response.headers.get('referrer-policy'), 'no-referrer');
      await response.arrayBuffer();
    }
  });
});

test('lock, mute and remove need the token', async () => {
  await withWall(undefined, async ({ wall, http }) => {
    const page = await viewer(http);
    const ada = phone(http, 'Ada', 'a'.repeat(32));
    await joined(ada);
    await until(() => page.now().clients.length === 1);
    const id = page.now().clients[0]?.info.id;
    for (const forbidden of [{ remove: id }, { mute: id, muted: true }, { lock: true }]) {
      const intruder = phone(http, '', '', '/teacher');
      await once(intruder.socket, 'open');
      for (const message of [JSON.stringify(forbidden), 'no command']) intruder.socket.send(message);
      assert.equal([(await intruder.closed())[0], intruder.messages], [1008, []]);
    }
    ada.socket.send('i');
    await until(() => page.timeline.letters.length === 1); // neither muted nor removed
    assert.not(page.now().locked);

    const teacher = phone(http, '', '', '/teacher');
    await once(teacher.socket, 'open');
    teacher.socket.send(wall.teacherToken);
    await until(() => teacher.messages.length === 1);
    const command = (body: object) => teacher.socket.send(JSON.stringify(body));
    command({ mute: id, muted: true });
    await until(() => page.now().clients[0]?.info.muted === true);
    ada.socket.send('x');
    await until(() => ada.messages.some(({ type }) => type === 'dropped'));
    command({ mute: 999, muted: true }); // has left meanwhile
    command({ lock: true });
    await until(() => page.now().locked);
    assert.equal(await phone(http, 'Late').closed(), [1008, 'joining is locked']);
    command({ lock: false });
    command({ remove: id });
    assert.equal(await ada.closed(), [1008, 'the teacher has removed you']);
    assert.equal(await phone(http, 'Ada', 'a'.repeat(32)).closed(), [1008, 'the teacher has removed you']);
    teacher.socket.send('{}');
    assert.is((await teacher.closed())[0], 1008);
    assert.equal(page.timeline.letters, ['i']);
    page.close();
  });
});

// --- servers, recordings, the command ---

test('a server that runs; its end is seen, also by phones', async () => {
  await withServer({ port: 0 }, async (server) => {
    await withWall(server.address, async ({ http }) => {
      const page = await viewer(http);
      const ada = phone(http, 'Ada');
      await joined(ada);
      ada.socket.send('a');
      await until(() => page.timeline.letters.join('') === 'a');
      await server.stop();
      assert.equal(await ada.closed(), [1011, 'the server has closed the connection']);
      const late = await phone(http, 'Late').closed();
      assert.match(late.join(), /^1011,no server at /);
      page.close();
    });
  });
});

test('a recording shows what the wall has shown', async () => {
  const file = join(folder, 'lesson.jsonl');
  await withWall(
    undefined,
    async ({ http }) => {
      const ada = phone(http, '<img src=x onerror=alert(1)>');
      await joined(ada);
      ada.socket.send('a');
      await until(() => answers(ada).length === 1);
      await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"letters":"a"'));
    },
    { record: file },
  );
  const replay = await startReplay(file, { host: '127.0.0.1', port: 0 }, [], () => {});
  try {
    const at = `http://127.0.0.1:${replay.address.port}`;
    const recording = await (await fetch(`${at}/recording`)).text();
    assert.is(recording, readFileSync(file, 'utf8'));
    assert.is(recording.trimEnd().split('\n').length, replay.events);
    assert.is((await fetch(`${at}/events`)).status, 404);
    assert.is((await fetch(`${at}/qr.svg`)).status, 404);
    assert.equal(await phone(replay.address, 'Ada').closed(), [1008, 'this is a recording']);
    assert.equal(await phone(replay.address, '', '', '/teacher').closed(), [1008, 'this is a recording']);
  } finally {
    replay.close();
  }
});

test('the command prints what to open and ends its server at SIGINT', async () => {
  const wall = new Program('client/wall/strwall.js', [
    '--http',
    '0.0.0.0:0',
    '--',
    ...STRSVR,
    '--io',
    'poll',
  ]);
  const [, token = ''] = await wall.waitFor('stdout', /for you +http:\/\/127\.0\.0\.1:\d+\/#([0-9a-f]{32}) /);
  await wall.waitFor('stdout', /try a hotspot/);
  assert.match(wall.stdout, /phones join +http:\/\/[\d.]+:\d+\/join/);
  assert.is(wall.stdout.split(token).length, 2);
  wall.child.kill('SIGINT');
  const { status, stderr } = await ended(wall);
  assert.is(status, 0, stderr);
  assert.match(stderr, /server: listening on|server: the final value of v is/);
});

testWith(test, SLOW, 'what cannot be shown is said in one line', async () => {
  const failure = async (attempt: Promise<unknown>) => {
    const error: unknown = await attempt.then(
      () => undefined,
      (error: unknown) => error,
    );
    return error instanceof OperationalError ? error.message : String(error);
  };
  const start = (command: string[]) => failure(launch(command, () => {}));
  await withServer({}, async ({ address }) => {
    const taken = { http: address };
    const none = { record: join(folder, 'none', 'x') };
    const damaged = join(folder, 'x.jsonl');
    writeFileSync(damaged, 'x\n');
    const replay = startReplay(damaged, { host: '127.0.0.1', port: 0 }, [], () => {});
    const use = async () => {};
    assert.match(await failure(withWall(address, use, taken)), /^port \d+ is taken on 127\.0\.0\.1/);
    assert.match(await failure(withWall(address, use, none)), /^cannot record to .*ENOENT/);
    assert.match(await failure(replay), /x\.jsonl is damaged in line 1: it is no JSON$/);
    assert.match(
      await start(['strsvr', String(address.port)]),
      /^the server ended before it listened: exit status 1: port \d+ is taken/,
    );
    assert.match(await start(['no-such-program']), /ended before it listened: spawn no-such-program ENOENT$/);
    assert.match(await start(['sh', '-c', 'echo bye']), /ended before it listened: exit status 0: bye$/);
  });
  const { status, stderr } = await ended(
    new Program('client/wall/strwall.js', ['--http', '127.0.0.1:0', '1']),
  );
  assert.equal([status, stderr], [1, 'strwall: no server at 127.0.0.1:1; start one first, with: strsvr 1\n']);
});

test('wrong usage is one line', async () => {
  await rejects('strwall', 'client/wall/strwall.js', [
    [[], 'expected a port, -- COMMAND or --replay FILE, got none of them'],
    [['--http', 'x', '2000'], '--http: expected [HOST:]PORT, got "x"'],
    [['--http', '1.2.3.4:70000', '2000'], '--http: expected [HOST:]PORT, got "1.2.3.4:70000"'],
    [['--bots', '101', '2000'], '--bots: expected a whole number from 0 to 100, got "101"'],
    [['2000', '--', 'strsvr'], 'expected either a host and a port or -- COMMAND, got both'],
    [['--'], 'expected a command after --, got nothing'],
    [['--replay', 'x', '2000'], 'expected either --replay or a server, got both'],
  ]);
});

test.run();
