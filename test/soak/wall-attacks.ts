// What may be done to a wall: 1,000 sockets of one address, floods of frames, and a night of events for one page that reads, one
// that does not, and a recording. The memory stays flat, and the string server answers others as before.

import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect } from 'strsvr/client';
import { WebSocket } from 'ws';
import { Board } from '../../client/wall/board.js';
import { checkRecording, Recorder } from '../../client/wall/recording.js';
import { Room } from '../../client/wall/room.js';
import { SharedText } from '../../client/wall/shared-text.js';
import type { Snapshot } from '../../client/wall/snapshot.js';
import { Timeline } from '../../client/wall/timeline.js';
import { verdict } from '../../client/wall/verdict.js';
import { Viewers } from '../../client/wall/viewers.js';
import type { WallEvent } from '../../client/wall/wall-event.js';
import { listen } from '../../shared/listen.js';
import { processStats } from '../../shared/procfs.js';
import { percentiles } from '../../shared/quantile.js';
import type { Address } from '../support/servers.js';
import { until } from '../support/waiting.js';
import { atMost, exactly, inFolder, nothing, type ResultRow, type Scope, scaled } from './suite.js';
import { Phone, webSocket, withWall } from './wall-clients.js';

const SOCKETS = 1_000;
/** strwall's default. */
const PER_ADDRESS = 40;
const AT_A_TIME = 50;
const FLOOD_SECONDS = 60;
const FRAMES = 100;
const BETWEEN_MS = 10;
/** V8 alone takes up to 48 for new objects. */
const GROWTH_MIB = 64;
const SAMPLES = 100_000;
const HEAP_GROWTH_MIB = 4;
const STRSVR = ['strsvr', '0'];

export async function wallAttacks(scope: Scope): Promise<ResultRow[]> {
  return [
    ...(await oneAddress(scope)),
    ...(await floods(scope)),
    ...(await inFolder((folder) => overnight(folder, scope))),
  ];
}

async function oneAddress(scope: Scope): Promise<ResultRow[]> {
  return withWall([], STRSVR, async ({ http, server, pid, stop }) => {
    const healthy = await Healthy.connect(await server());
    const before = processStats(pid)?.residentMiB ?? 0;
    const count = scaled(SOCKETS, scope, 2 * PER_ADDRESS);
    const sockets: WebSocket[] = [];
    let joined = 0;
    for (let first = 0; first < count; first += AT_A_TIME) {
      const some = Array.from({ length: Math.min(AT_A_TIME, count - first) }, (_, index) =>
        webSocket(http, first + index),
      );
      sockets.push(...some);
      const welcomes = some.map((socket) =>
        Promise.race([once(socket, 'message').then(() => 1), once(socket, 'close').then(() => 0)]).catch(
          () => 0,
        ),
      );
      for (const welcome of await Promise.all(welcomes)) joined += welcome;
      scope.progress(first, count);
    }
    const after = processStats(pid)?.residentMiB ?? 0;
    for (const socket of sockets) socket.terminate();
    let again: Phone | undefined;
    while (again === undefined) again = await Phone.join(http, count).catch(() => undefined); // once the wall has seen them leave
    await again.roundTrip();
    again.socket.terminate();
    const p99 = await healthy.p99();
    const counted = [...(await stop()).matchAll(/(\d+) × more (?:connections|WebSockets) of one address/g)];
    return [
      exactly(`wall, ${count} sockets of one address: joined`, joined, PER_ADDRESS),
      exactly(
        '  counted as rejected',
        counted.reduce((sum, [, number]) => sum + Number(number), 0),
        count - PER_ADDRESS,
      ),
      atMost('  growth of memory', after - before, GROWTH_MIB, 'MiB'),
      atMost('  a client of the string server (p99)', p99, scope.latencyMs, 'ms'),
    ];
  });
}

/** Each of these sends for a while as fast as it can: letters, no letters, and letters and pings of one that never reads. */
async function floods(scope: Scope): Promise<ResultRow[]> {
  return withWall([], STRSVR, async ({ http, server, pid, stop }) => {
    const healthy = await Healthy.connect(await server());
    const phones = [0, 1, 2, 3].map((number) => webSocket(http, number));
    await Promise.all(phones.map((socket) => once(socket, 'message')));
    const [letters, noLetters, deaf, pings] = phones as [WebSocket, WebSocket, WebSocket, WebSocket];
    for (const socket of [deaf, pings]) socket.pause();
    const before = processStats(pid)?.residentMiB ?? 0;
    let [peak, sent] = [0, 0];
    const seconds = scaled(FLOOD_SECONDS, scope, 2);
    const stopAt = performance.now() + seconds * 1000;
    while (performance.now() < stopAt) {
      for (let frame = 0; frame < FRAMES; frame += 1) {
        letters.send('x');
        noLetters.send('no letter');
        deaf.send('y', () => {});
        if (pings.readyState === WebSocket.OPEN) pings.ping('z', true, () => {});
      }
      sent += 4 * FRAMES;
      await sleep(BETWEEN_MS);
      peak = Math.max(peak, processStats(pid)?.residentMiB ?? 0);
      scope.progress(seconds - (stopAt - performance.now()) / 1000, seconds);
    }
    for (const socket of phones) socket.terminate();
    const p99 = await healthy.p99();
    const said = await stop();
    const missing = ['more than 10 letters a second', 'message that is no letter'].filter(
      (reason) => !said.includes(reason),
    );
    return [
      atMost(
        `wall, a flood of ${sent.toLocaleString('en')} frames: growth of memory (peak)`,
        peak - before,
        GROWTH_MIB,
        'MiB',
      ),
      nothing('  not counted', missing),
      atMost('  a client of the string server (p99)', p99, scope.latencyMs, 'ms'),
    ];
  });
}

/** A client of the string server that types while others attack the wall. */
class Healthy {
  readonly #latencies: number[] = [];
  readonly #typing: Promise<void>;
  #ended = false;

  static async connect(server: Address): Promise<Healthy> {
    return new Healthy(await connect(server));
  }

  private constructor(connection: Awaited<ReturnType<typeof connect>>) {
    this.#typing = (async () => {
      while (!this.#ended) {
        const begun = performance.now();
        await connection.send('h');
        this.#latencies.push(performance.now() - begun);
        await sleep(BETWEEN_MS);
      }
      connection.close();
    })();
  }

  async p99(): Promise<number> {
    this.#ended = true;
    await this.#typing;
    return percentiles(this.#latencies)?.p99 ?? Number.NaN;
  }
}

/** A million events, as fast as they can be shown; clients come and go, and wait. */
async function overnight(folder: string, scope: Scope): Promise<ResultRow[]> {
  const samples = scaled(SAMPLES, scope, 4_000);
  const text = new SharedText();
  let [events, dropped] = [0, 0];
  const room = new Room(
    (participant) => board.client(participant),
    (participant) => board.left(participant),
  );
  const emit = (event: WallEvent) => {
    events += 1;
    viewers.send(event);
    recorder.record(event);
  };
  const board = new Board('a night', room, text, emit);
  const viewers = new Viewers(
    text,
    () => board.keyframe(),
    () => board.now,
    () => {
      dropped += 1;
    },
  );
  const failures: string[] = [];
  const file = join(folder, 'night.jsonl');
  const recorder = await Recorder.create(
    file,
    () => board.keyframe(),
    (why) => failures.push(why),
  );
  const responses: ServerResponse[] = [];
  const http = createServer((_request, response) => {
    responses.push(response);
    viewers.add(response, 0);
  });
  const address = await listen(http, { host: '127.0.0.1', port: 0 });
  const [deaf, page] = [await openStream(address), await openStream(address)];
  deaf.pause();
  const timeline = new Timeline();
  follow(page, (event) => timeline.apply(event));

  const heap: number[] = [];
  const collect = collector();
  let pending = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    if (sample % 10 === 0) comeAndGo(room, sample);
    if (sample < samples / 8) text.append(text.length + 1, 0x61, [...room.participants].at(-1)?.id ?? 0);
    const snapshot = madeSnapshot(room, sample);
    board.showSample(snapshot, verdict(snapshot), {
      view: { available: false, why: '' },
      residentMiB: sample % 100,
    });
    board.showText();
    if (sample % 50 !== 0) continue;
    await setImmediate(); // sockets and the disk
    await until(() => (responses[1]?.writableLength ?? 0) < 64 * 1024);
    pending = Math.max(pending, responses[0]?.writableLength ?? 0);
    timeline.prune(timeline.last - (timeline.last - timeline.first) / 48); // a page keeps 15 minutes of 12 hours
    if (sample % Math.ceil(samples / 40) < 50) {
      collect();
      heap.push(process.memoryUsage().heapUsed / 2 ** 20);
    }
    scope.progress(sample, samples);
  }
  await sleep(300);
  board.showText();
  await until(() => timeline.letters.length === text.length);
  viewers.close();
  deaf.destroy();
  http.close();
  await recorder.close();
  const recorded = await checkRecording(file);
  const settled = heap[Math.floor(heap.length / 4)] ?? 0;
  return [
    atMost(
      `wall, a night of ${events.toLocaleString('en')} events: growth of live objects`,
      (heap.at(-1) ?? 0) - settled,
      HEAP_GROWTH_MIB,
      'MiB',
    ),
    atMost('  pending for a page that does not read', pending / 1024, 512, 'KiB'),
    {
      what: '  states that it has missed, counted',
      figure: dropped,
      good: dropped > 0 || samples < SAMPLES,
    },
    nothing('  the recording', [
      ...failures,
      ...(recorded > events ? [] : [`${recorded} of ${events} events`]),
    ]),
  ];
}

function comeAndGo(room: Room, sample: number): void {
  const participants = [...room.participants];
  if (participants.length >= 30 && participants[0] !== undefined) room.leave(participants[0]);
  room.join(room.identify(`token ${sample}`, `c${sample % 97}`), 'phone', 1_024 + (sample % 60_000));
}

/** One client is waited for, some wait. */
function madeSnapshot(room: Room, sample: number): Snapshot {
  const known = room.known(performance.now());
  const awaited = known[Math.floor(sample / 5) % known.length]?.id ?? 0;
  return {
    mainThread: 1,
    threads: [{ tid: 1, call: 'recvfrom', client: awaited, sinceMs: 400 }],
    clients: known.map((client) => {
      const unreadMs = (client.id + sample) % 7 === 0 ? 1_000 : 0;
      return { ...client, unreadBytes: unreadMs && 2, unreadMs, unsentMs: 0, notAcceptedMs: 0, left: false };
    }),
  };
}

async function openStream({ host, port }: Address): Promise<IncomingMessage> {
  const [response] = (await once(get({ host, port, path: '/', agent: false }), 'response')) as [
    IncomingMessage,
  ];
  response.on('error', () => {});
  return response;
}

function follow(stream: IncomingMessage, take: (event: WallEvent) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const frames = `${rest}${chunk}`.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined) take(JSON.parse(data));
    }
  });
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
