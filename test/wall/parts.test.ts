// The parts of a wall without sockets: the text and its authors, names and rates, the timeline, recordings, log lines.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allowedHosts, joinAddresses, qrAsSvg, qrInTerminal } from '../../client/wall/join-address.js';
import { LetterRate, PerAddress, Rejections, safeName } from '../../client/wall/limits.js';
import { checkRecording, Recorder } from '../../client/wall/recording.js';
import { Room } from '../../client/wall/room.js';
import { readLogLine } from '../../client/wall/server-log.js';
import { SharedText } from '../../client/wall/shared-text.js';
import { Timeline } from '../../client/wall/timeline.js';
import { type Keyframe, parseEvent, type WallEvent } from '../../client/wall/wall-event.js';

const folder = mkdtempSync(join(tmpdir(), 'strsvr-wall-'));
test.after(() => rmSync(folder, { recursive: true }));
const bytes = (text: string) => Buffer.from(text);

// --- text ---

test('replies make the text, whatever their chunks; authors come from offsets', () => {
  const text = new SharedText();
  text.learn(0, bytes('a'));
  text.setAuthor(1, 1);
  const reply = bytes('aé😀');
  text.learn(0, reply.subarray(0, 5)); // cut within the emoji
  text.setAuthor(3, 2);
  assert.equal(text.take(0), {
    offset: 3,
    letters: 'aé',
    authors: [
      [1, 1],
      [2, 1],
    ],
  });
  text.learn(5, reply.subarray(5));
  text.setAuthor(7, 1);
  assert.equal(text.take(10), { offset: 7, letters: '😀', authors: [[1, 1]] });
  assert.is(text.take(20), undefined);
  text.learn(0, bytes('a')); // an old reply that comes late
  assert.equal(
    [text.length, text.passedOn, text.tail(100), text.tail(3), text.tail(9, 3)],
    [7, 7, 'aé😀', '', 'aé'],
  );
});

test('a letter whose author is not known waits a quarter of a second, and no longer', () => {
  const text = new SharedText();
  text.learn(0, bytes('ab'));
  text.setAuthor(1, 4);
  assert.equal(text.take(1_000)?.letters, 'a');
  assert.is(text.take(1_200), undefined);
  assert.equal(text.take(1_251), { offset: 2, letters: 'b', authors: [[0, 1]] });
});

test('letters of the log are put in order; a gap waits for a reply', () => {
  const text = new SharedText();
  text.append(2, 0x62, 7); // b, before a
  assert.is(text.length, 0);
  text.append(1, 0x61, 6);
  assert.equal(text.take(0), {
    offset: 2,
    letters: 'ab',
    authors: [
      [6, 1],
      [7, 1],
    ],
  });
  text.append(9, 0x7a, 5);
  assert.is(text.length, 2);
  text.learn(0, bytes('abcdefgh'));
  assert.is(text.take(0), undefined); // c waits for its author
  assert.equal(text.take(300)?.letters, 'cdefghz');
});

test('a viewer gets the text from its offset; one that no letter ends at is taken for the beginning', () => {
  const text = new SharedText();
  text.learn(0, bytes('aéb'));
  text.take(0);
  text.take(1_000);
  assert.is(text.between(3, 4).letters, 'b');
  assert.is(text.between(2, 4).letters, 'aéb'); // in the middle of é
  assert.is(text.between(9, 4).letters, 'aéb');
});

test('the wall keeps a megabyte and no more', () => {
  const text = new SharedText();
  text.learn(0, Buffer.alloc(3 * 1024 * 1024, 'a'));
  text.append(5 * 1024 * 1024, 0x61, 1);
  assert.is(text.length, 1024 * 1024);
  text.take(0);
  assert.is(text.take(300)?.offset, 1024 * 1024);
});

// --- limits ---

test('names are safe to show', () => {
  const names: ReadonlyArray<readonly [string, string]> = [
    ['Ada', 'Ada'],
    ['  Ada \t Lovelace, Countess', 'Ada Lovelace'],
    ['\u202eevil\u0007\u200b', 'evil'],
    ['', 'guest'],
    ['\u0000\u202e', 'guest'],
    ['<img src=x>', '<img src=x>'],
    ['a\u0301\u0302\u0303\u0304\u0305\u0306b', 'á\u0302\u0303b'],
    ['👨‍👩‍👧👨‍👩‍👧', '👨 👩 👧👨 👩 👧'],
    ['12345678901234', '123456789012'],
  ];
  for (const [name, safe] of names) assert.is(safeName(name), safe, JSON.stringify(name));
});

test('ten letters a second, after a burst', () => {
  const rate = new LetterRate();
  const now = Math.ceil(performance.now()); // a fraction would add rounding errors
  const taken = (at: number, tries: number) =>
    Array.from({ length: tries }, () => rate.take(at)).filter(Boolean).length;
  assert.equal([taken(now, 30), taken(now + 1_000, 30), taken(now + 60_000, 100)], [20, 10, 20]);
});

test('an address has a limit of connections, and more when some have ended', () => {
  const perAddress = new PerAddress(2);
  assert.equal(
    ['a', 'a', 'a', 'b'].map((address) => perAddress.add(address)),
    [true, true, false, true],
  );
  perAddress.remove('a');
  assert.ok(perAddress.add('a'));
  perAddress.remove('b');
  perAddress.remove('b');
  assert.ok(perAddress.add('b'));
});

test('rejections are counted, and the first of each reason is reported', () => {
  const lines: string[] = [];
  const rejections = new Rejections((line) => lines.push(line));
  assert.is(rejections.summary(), undefined);
  rejections.count('wrong Host', 'evil.example');
  rejections.count('wrong Host', 'other.example');
  rejections.count('binary frame');
  assert.equal(lines, ['rejected: wrong Host (evil.example)', 'rejected: binary frame']);
  assert.is(rejections.summary(), 'rejected: 2 × wrong Host, 1 × binary frame');
});

test('two phones with one name are told apart; a phone that comes again has its name and colour', () => {
  const room = new Room(
    () => {},
    () => {},
  );
  const [ada, other] = [room.identify('1', 'Ada'), room.identify('2', 'Ada')];
  assert.equal([ada.name, other.name, room.identify('1', 'Bob')], ['Ada', 'Ada 2', ada]);
  for (let token = 3; token < 1_100; token += 1) room.identify(String(token), `n${token}`);
  assert.is.not(room.identify('1', 'Ada'), ada); // forgotten: the memory is bounded
});

test('terminals come and go with the connections of the kernel and of the log', () => {
  const story: string[] = [];
  const room = new Room(
    ({ identity }) => story.push(`+${identity.name}`),
    ({ identity }) => story.push(`-${identity.name}`),
  );
  const view = (...ports: number[]) => ({
    ...{ available: true as const, listening: true, acceptQueue: 0, threads: [] },
    connections: ports.map((peerPort) => ({
      ...{ peerPort, unreadBytes: 0, unsentBytes: 0, accepted: true },
      state: 'established' as const,
    })),
  });
  room.follow(view(5, 6), new Set());
  assert.equal(story, []); // they may be bridges that are not known yet
  room.follow(view(5, 6), new Set());
  room.accepted(1, 5);
  room.accepted(2, 7);
  assert.equal([room.author(1)?.peerPort, room.author(2)?.peerPort, room.author(3)], [5, 7, undefined]);
  room.closed(2);
  room.closed(9);
  room.follow(view(6), new Set());
  const phone = room.join({ name: 'Ada', hue: 0 }, 'phone', 6);
  assert.is(room.byId(phone.id), phone);
  room.follow(view(), new Set());
  room.follow({ available: false, why: 'gone' }, new Set([phone]));
  room.leave(phone);
  assert.equal(story, [
    ...['+terminal 1', '+terminal 2', '+terminal 3', '-terminal 3', '-terminal 1', '-terminal 2'],
    ...['+Ada', '-Ada'],
  ]);
});

test('lines of the log: events, messages of others, and text', () => {
  const line = '{"level":20,"time":1,"type":"appended","client":2,"offset":3,"codePoint":97,"msg":"m"}';
  assert.equal(
    'event' in readLogLine(line) && (readLogLine(line) as { event: unknown }).event,
    JSON.parse(line),
  );
  assert.equal(readLogLine('{"level":30,"type":"stopping","msg":"stopping"}'), { message: 'stopping' });
  for (const text of ['hello', '{"level":']) assert.equal(readLogLine(text), { text });
});

test('what others type, and the hosts that are answered', () => {
  const local = { host: '127.0.0.1', port: 8080 };
  assert.equal(joinAddresses(local, []), [{ url: 'http://127.0.0.1:8080/join', interface: 'lo' }]);
  assert.is(joinAddresses({ host: '0.0.0.0', port: 80 }, ['wall.local'])[0]?.url, 'http://wall.local/join');
  assert.equal([...allowedHosts(local, [])], ['127.0.0.1:8080', 'localhost:8080']);
  const everywhere = allowedHosts({ host: '0.0.0.0', port: 80 }, ['Wall.local']);
  for (const host of ['127.0.0.1', 'localhost', 'localhost:80', 'wall.local', 'wall.local:80'])
    assert.ok(everywhere.has(host), host);
  assert.ok(allowedHosts({ host: '::1', port: 8080 }, []).has('[::1]:8080'));
  assert.match(qrInTerminal('http://x/join'), /[▀▄█]/);
  assert.match(qrAsSvg('http://x/join'), /^<svg /);
});

// --- timeline and recordings ---

const KEYFRAME: Keyframe = {
  ...{ at: 0, type: 'keyframe', title: 'strsvr', join: 'http://x/join', startedAt: 1, locked: false },
  clients: [{ id: 1, name: 'Ada', kind: 'phone', hue: 0, muted: false }],
  states: [[1, { state: 'silent', since: 0 }]],
  verdict: { tone: 'calm', headline: 'No client waits', why: 'because', blockers: [] },
  ...{ figures: { notAccepted: 0 }, threads: [] },
};
const GRACE = { id: 2, name: 'Grace', kind: 'terminal', hue: 1, muted: false } as const;
const EVENTS: readonly WallEvent[] = [
  KEYFRAME,
  { at: 100, type: 'client', client: GRACE },
  {
    at: 200,
    type: 'text',
    offset: 3,
    letters: 'aéb'.slice(0, 2),
    authors: [
      [1, 1],
      [2, 1],
    ],
  },
  { at: 300, type: 'state', client: 2, status: { state: 'unread', since: 250 } },
  {
    ...{ at: 400, type: 'verdict' },
    verdict: { tone: 'waiting', headline: 'Grace waits', why: '', since: 250, blockers: [1] },
  },
  { at: 500, type: 'figures', figures: { notAccepted: 1, cpuWanted: 0.5 } },
  { at: 600, type: 'threads', threads: [{ call: 'poll(2)', note: 'asleep' }] },
  { at: 700, type: 'locked', locked: true },
  { at: 800, type: 'left', client: 2 },
];

function timelineOf(events: readonly WallEvent[]): Timeline {
  const timeline = new Timeline();
  for (const event of events) timeline.apply(event);
  return timeline;
}

test('every moment can be shown again', () => {
  const timeline = timelineOf(EVENTS);
  const seen = (time: number) => {
    const { clients, verdict, length, locked, figures, threads } = timeline.at(time);
    const names = clients.map(({ info, status, letters }) => `${info.name} ${status.state} ${letters}`);
    return [names.join(), verdict.headline, length, locked, figures.notAccepted, threads.length];
  };
  assert.equal(seen(-1), ['', 'Connecting', 0, false, 0, 0]);
  assert.equal(seen(50), ['Ada silent 0', 'No client waits', 0, false, 0, 0]);
  assert.equal(seen(250), ['Ada silent 1,Grace silent 1', 'No client waits', 2, false, 0, 0]);
  assert.equal(seen(750), ['Ada silent 1,Grace unread 1', 'Grace waits', 2, true, 1, 1]);
  assert.equal(seen(900), ['Ada silent 1', 'Grace waits', 2, true, 1, 1]);
  assert.is(timeline.at(250).lettersPerSecond, 0.4);
  assert.equal([timeline.first, timeline.last, timeline.client(2)?.name], [0, 800, 'Grace']);
});

test('steps go from one change to the next, and leave figures out', () => {
  const timeline = timelineOf(EVENTS);
  assert.equal([timeline.step(400, 1), timeline.step(400, -1), timeline.step(450, -1)], [700, 300, 400]);
  assert.equal([timeline.step(800, 1), timeline.step(0, -1)], [undefined, undefined]);
});

test('after a lost connection: a keyframe, and no letter twice', () => {
  const timeline = timelineOf(EVENTS.slice(0, 4));
  timeline.apply({ ...KEYFRAME, at: 1_000 });
  timeline.apply({ at: 1_000, type: 'text', offset: 3, letters: 'aé', authors: [[0, 2]] });
  timeline.apply({ at: 1_001, type: 'text', offset: 4, letters: 'c', authors: [[0, 1]] });
  const { clients, length } = timeline.at(1_001);
  assert.equal(
    [clients.map(({ info }) => info.name), length, timeline.letters.join('')],
    [['Ada'], 3, 'aéc'],
  );
});

test('a page that is left open forgets what is over, but no letter', () => {
  const timeline = timelineOf(EVENTS);
  for (let at = 1_000; at < 100_000; at += 100)
    timeline.apply({ at, type: 'figures', figures: { notAccepted: at } });
  timeline.apply({ at: 100_000, type: 'client', client: { ...GRACE, id: 3 } });
  timeline.apply({ at: 100_001, type: 'left', client: 3 });
  timeline.prune(100_002);
  assert.equal([timeline.first, timeline.letters.length, timeline.clients.has(3)], [100_002, 2, false]);
  const { figures, verdict, clients } = timeline.at(100_002);
  assert.equal([figures.notAccepted, verdict.headline, clients.length], [99_900, 'Grace waits', 1]);
});

test('a recording has all events, with keyframes; what is damaged is named', async () => {
  const file = join(folder, 'lesson.jsonl');
  const recorder = await Recorder.create(file, () => KEYFRAME, assert.unreachable);
  for (let at = 0; at < 1_500; at += 1) recorder.record({ at, type: 'locked', locked: at % 2 === 0 });
  await recorder.close();
  assert.is(await checkRecording(file), 1_502);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.equal(
    [lines[0], lines[1_001]].map((line) => parseEvent(line ?? '').type),
    ['keyframe', 'keyframe'],
  );
  const rejected = async (change: (lines: string[]) => void, why: RegExp) => {
    const damaged = [...lines];
    change(damaged);
    const other = join(folder, 'damaged.jsonl');
    writeFileSync(other, damaged.length === 0 ? '' : `${damaged.join('\n')}\n`);
    const error = await checkRecording(other).then(
      () => undefined,
      (error: Error) => error,
    );
    assert.match(error?.message ?? 'accepted', why);
  };
  await rejected(
    (all) => all.splice(16, 1, '{"at":'),
    /damaged\.jsonl is damaged in line 17: it is no JSON$/,
  );
  await rejected((all) => all.splice(4, 1, '{"at":4,"type":"x"}'), /in line 5: there is no type "x"$/);
  await rejected(
    (all) => all.splice(4, 1, '{"at":4,"type":"left"}'),
    /in line 5: it is no event of type left$/,
  );
  await rejected((all) => all.splice(4, 1, '{"at":-1,"type":"left"}'), /in line 5: "at" is no time$/);
  await rejected((all) => all.splice(4, 1, '[]'), /in line 5: it is no object$/);
  await rejected((all) => all.shift(), /in line 1: a recording begins with a keyframe$/);
  await rejected((all) => all.reverse().unshift(lines[0] ?? ''), /in line 3: its time is before/);
  await rejected((all) => all.splice(0), /damaged\.jsonl is empty$/);
  const missing = await checkRecording(join(folder, 'none')).catch((error: Error) => error);
  assert.match(String(missing), /cannot read .*none: ENOENT/);
  const exists = await Recorder.create(
    file,
    () => KEYFRAME,
    () => {},
  ).catch((error: Error) => error);
  assert.match(String(exists), /cannot record to .*: it exists; choose another name/);
});

test('every type of event is read as it is written', () => {
  for (const event of EVENTS) assert.equal(parseEvent(JSON.stringify(event)), event);
});

test('a full disk ends the recording and nothing else', async () => {
  const failures: string[] = [];
  const recorder = await Recorder.create(
    join(folder, 'full'),
    () => KEYFRAME,
    (why) => failures.push(why),
  );
  const large = { ...KEYFRAME, title: 'x'.repeat(1024 * 1024) };
  for (let event = 0; event < 40; event += 1) recorder.record(large); // more than a disk takes in one turn
  assert.equal(failures, ['the disk is too slow']);
  recorder.record(KEYFRAME);
  await recorder.close();
});

test.run();
