// Followers of the text over HTTP while letters come without pause and the server is killed and started again: each must
// have every byte once.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ByteClient } from '../support/byte-client.js';
import { StreamFollower } from '../support/http-client.js';
import type { Program } from '../support/program.js';
import { type Address, withStrsvr } from '../support/servers.js';
import { until } from '../support/waiting.js';
import { exactly, inFolder, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const FOLLOWERS = 100;
const LEAST_FOLLOWERS = 5;
const SECONDS = 30;
const LETTERS_A_SECOND = 1_000;
const TICK_MS = 20;
const RETRY_MS = 50;

export function followers(scope: Scope): Promise<ResultRow[]> {
  return inFolder(async (folder) => {
    const journal = join(folder, 'text');
    const count = scaled(FOLLOWERS, scope, LEAST_FOLLOWERS);
    const ticks = scaled((SECONDS * 1000) / TICK_MS, scope, 20);
    const args = ['0', '--journal', journal, '--max-length', String(2 ** 24)];
    let http: Address = { host: '127.0.0.1', port: 0 };
    let readers: Reader[] = [];
    const serve = (body: (server: Program, address: Address) => Promise<void>) =>
      withStrsvr([...args, '--http', String(http.port)], async (server, address) => {
        const [, port] = await server.waitFor('stderr', /http:\/\/127\.0\.0\.1:(\d+)\//);
        http = { host: '127.0.0.1', port: Number(port) };
        await body(server, address);
      });
    await serve(async (server, address) => {
      readers = Array.from({ length: count }, () => new Reader(http));
      await type(address, ticks / 2, 0, scope);
      server.child.kill('SIGKILL');
      await server.finished;
    });
    await serve(async (server, address) => {
      await type(address, ticks / 2, ticks / 2, scope);
      await until(() => readers.every(({ length }) => length === readFileSync(journal).length));
      server.child.kill('SIGTERM');
      await server.finished;
    });
    await Promise.all(readers.map(({ finished }) => finished));
    const text = readFileSync(journal, 'utf8');
    const wrong = readers.filter((reader) => reader.text !== text).length;
    return [
      info(`followers at ${LETTERS_A_SECOND} letters a second, one kill -9`, count),
      info('  letters that each has seen', [...text].length),
      exactly('  followers that have missed or repeated a byte', wrong, 0),
      nothing(
        '  followers that did not come back',
        readers.filter(({ connections }) => connections < 2).map(String),
      ),
    ];
  });
}

/** Sends letters by the clock, all different from their neighbours, and waits for the last reply. */
async function type(address: Address, ticks: number, from: number, { progress }: Scope): Promise<void> {
  const client = await ByteClient.connect(address);
  client.socket.resume();
  const perTick = (LETTERS_A_SECOND * TICK_MS) / 1000;
  const started = performance.now();
  for (let tick = 0; tick < ticks; tick += 1) {
    progress(from + tick, 2 * ticks);
    const letters = Array.from({ length: perTick }, (_, at) => 0xa1 + ((tick * perTick + at) % 40_000));
    client.send(String.fromCodePoint(...letters));
    await sleep(Math.max(0, started + (tick + 1) * TICK_MS - performance.now()));
  }
  const closed = new Promise((resolve) => client.socket.on('close', resolve));
  client.socket.end();
  await closed;
}

/** Follows until the server has ended in order, with one connection after the other. */
class Reader {
  text = '';
  connections = 0;
  readonly finished: Promise<void>;
  readonly #http: Address;
  #id = '0';
  #follower: StreamFollower | undefined;

  constructor(http: Address) {
    this.#http = http;
    this.finished = this.#follow();
  }

  /** In bytes. */
  get length(): number {
    return Number(this.#follower?.lastEventId || this.#id);
  }

  async #follow(): Promise<void> {
    for (let ended = false; !ended; ) {
      this.#follower = await StreamFollower.connect(this.#http, '', { 'last-event-id': this.#id }).catch(
        () => undefined,
      );
      if (this.#follower === undefined) {
        await sleep(RETRY_MS);
        continue;
      }
      this.connections += 1;
      await this.#follower.closed;
      this.text += this.#follower.text;
      this.#id = this.#follower.lastEventId || this.#id;
      ended = this.#follower.ended;
    }
  }
}
