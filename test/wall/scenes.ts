// Scenes with real servers and what the verdict must be: the live test plays them, and the same samples, recorded, are the
// fixtures of the unit test.
//
//   node dist/test/wall/scenes.js      records test/fixtures/snapshots.json anew

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { IoModelName } from 'strsvr';
import { SampleHistory, type Snapshot } from '../../client/wall/snapshot.js';
import { type Verdict, verdict } from '../../client/wall/verdict.js';
import { kernelView } from '../../shared/kernel-view.js';
import { processStats } from '../../shared/procfs.js';
import { ByteClient } from '../support/byte-client.js';
import { built, Program } from '../support/program.js';
import { type Address, withStrsvr } from '../support/servers.js';
import { until } from '../support/waiting.js';

export interface Recorded {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly headline: string;
  readonly why: string;
  readonly states: readonly string[];
}

export interface Scene {
  readonly name: string;
  readonly headline: RegExp;
  readonly why: RegExp;
  /** Of Ada, who is silent, of Grace, who has sent a letter, and of others. */
  readonly states: readonly string[];
  readonly play: (sampler: Sampler) => Promise<Recorded>;
}

const SAMPLE_MS = 50;
const NAMES = ['Ada', 'Grace', 'Tony'];

/** Samples a server until the verdict is as expected. */
class Sampler {
  readonly #scene: Scene;
  readonly #pid: number;
  readonly #address: Address;
  readonly #model: string | undefined;
  readonly #clients: ByteClient[] = [];
  readonly #history = new SampleHistory();
  #stats: { at: number; wanted: number } | undefined;
  #cpuWanted = 0;
  last: { snapshot: Snapshot; verdict: Verdict } | undefined;

  constructor(scene: Scene, pid: number, address: Address, model: string | undefined) {
    [this.#scene, this.#pid, this.#address, this.#model] = [scene, pid, address, model];
  }

  async connect(): Promise<ByteClient> {
    const client = await ByteClient.connect(this.#address);
    this.#clients.push(client);
    return client;
  }

  sample(): Verdict {
    const now = performance.now();
    const wanted = processStats(this.#pid)?.wantedSeconds ?? 0;
    this.#stats ??= { at: now, wanted };
    if (now - this.#stats.at > 300) {
      this.#cpuWanted = (1000 * (wanted - this.#stats.wanted)) / (now - this.#stats.at);
      this.#stats = { at: now, wanted };
    }
    const known = this.#clients.map(({ socket }, id) => ({
      id,
      name: NAMES[id] ?? '?',
      peerPort: socket.localPort ?? 0,
      unanswered: 0,
      unansweredMs: 0,
    }));
    const view = kernelView(this.#pid, this.#address.port);
    const snapshot = this.#history.snapshot(now, view, known, {
      mainThread: this.#pid,
      cpuWanted: this.#cpuWanted,
      ...(this.#model !== undefined && { model: this.#model }),
    });
    this.last = { snapshot, verdict: verdict(snapshot) };
    return this.last.verdict;
  }

  /** Resolves once the verdict is the scene's. */
  async expected(): Promise<Recorded> {
    const { name, headline, why, states } = this.#scene;
    let last = 0;
    await until(() => {
      if (performance.now() - last < SAMPLE_MS) return false;
      last = performance.now();
      const seen = this.sample();
      return (
        headline.test(seen.headline) &&
        why.test(seen.why) &&
        [...seen.states.values()].join() === states.join()
      );
    }, `${name}: ${headline} ${why} ${states}`).catch((error: Error) => {
      throw new Error(`${error.message}; last: ${JSON.stringify(this.last, replacer)}`);
    });
    const { snapshot, verdict: seen } = this.last as NonNullable<Sampler['last']>;
    return { name, snapshot, headline: seen.headline, why: seen.why, states: [...seen.states.values()] };
  }

  end(): void {
    for (const client of this.#clients) client.close();
  }
}

function replacer(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

/** Ada connects and is silent; Grace sends a letter. */
function lunch(io: IoModelName, expected: Omit<Scene, 'name' | 'play'>): Scene {
  return {
    name: `${io}: a silent client`,
    ...expected,
    play: async (sampler) => {
      await sampler.connect();
      if (io === 'blocking') await until(() => sampler.sample().states.get(0) === 'awaited');
      const grace = await sampler.connect();
      grace.send('x\n');
      return sampler.expected();
    },
  };
}

/** Ada sends, and never reads its replies; then Grace sends. */
function deaf(io: IoModelName, expected: Omit<Scene, 'name' | 'play'>): Scene {
  return {
    name: `${io}: a client that does not read`,
    ...expected,
    play: async (sampler) => {
      const ada = await sampler.connect();
      ada.socket.pause();
      ada.send('a'.repeat(20_000));
      await until(() => sampler.sample().states.get(0) === 'notReading');
      const grace = await sampler.connect();
      grace.send('x\n');
      return sampler.expected();
    },
  };
}

/** Grace is accepted when Ada sends something; then Ada is silent again. */
const ACCEPTED_LATER: Scene = {
  name: 'blocking: a silent client, and both are accepted',
  headline: /^Grace waits for Ada$/,
  why: /^The only I\/O thread sleeps in recvfrom\(2\) until Ada sends\./,
  states: ['awaited', 'unread'],
  play: async (sampler) => {
    const ada = await sampler.connect();
    await until(() => sampler.sample().states.get(0) === 'awaited');
    const grace = await sampler.connect();
    ada.send('a\n');
    grace.send('x\n');
    await ada.receive(2);
    ada.send('b\n'); // the answer to x may come only now
    await grace.receive('ax\n'.length);
    await until(() => sampler.sample().states.get(0) === 'awaited');
    grace.send('y\n');
    return sampler.expected();
  },
};

const CALM = /^No client waits$/;

export const SCENES: ReadonlyArray<Scene & { readonly io: IoModelName | undefined }> = [
  {
    io: 'blocking',
    ...lunch('blocking', {
      headline: /^Grace waits for Ada$/,
      why: /^The only I\/O thread sleeps in recvfrom\(2\) until Ada sends\./,
      states: ['awaited', 'notAccepted'],
    }),
  },
  { io: 'blocking', ...ACCEPTED_LATER },
  {
    io: 'nonblocking',
    ...lunch('nonblocking', {
      headline: CALM,
      why: /never sleeps\. It wants \d+ %/,
      states: ['silent', 'silent'],
    }),
  },
  {
    io: 'threads',
    ...lunch('threads', {
      headline: CALM,
      why: /^Each client has a thread of its own, asleep in recvfrom\(2\)\.$/,
      states: ['ownThread', 'ownThread'],
    }),
  },
  {
    io: 'poll',
    ...lunch('poll', {
      headline: CALM,
      why: /^One thread sleeps in poll\(2\) until any client sends\./,
      states: ['silent', 'silent'],
    }),
  },
  {
    io: 'events',
    ...lunch('events', {
      headline: CALM,
      why: /^One thread sleeps in epoll_\w+\(2\) until any client sends\./,
      states: ['silent', 'silent'],
    }),
  },
  {
    io: 'blocking',
    ...deaf('blocking', {
      headline: /^Grace waits for Ada$/,
      why: /^The only I\/O thread sleeps in \w+\(2\) until Ada reads\./,
      states: ['notReading', 'notAccepted'],
    }),
  },
  { io: 'events', ...deaf('events', { headline: CALM, why: /epoll/, states: ['notReading', 'silent'] }) },
  {
    io: undefined,
    name: 'a server in Python that accepts two clients before it reads',
    headline: /^Ada waits for one more client$/,
    why: /^The server sleeps in accept4?\(2\) for a new client/,
    states: ['unread'],
    play: async (sampler) => {
      const ada = await sampler.connect();
      ada.send('a\n');
      return sampler.expected();
    },
  },
];

const PYTHON = `
import socket
server = socket.create_server(('127.0.0.1', 0))
print('listening on 127.0.0.1:%d ' % server.getsockname()[1], flush=True)
one, two = server.accept()[0], server.accept()[0]
`;

/** Plays a scene with its server and resolves to what was seen. */
export async function play(scene: (typeof SCENES)[number]): Promise<Recorded> {
  const use = async ({ child: { pid = 0 } }: Program, address: Address) => {
    const sampler = new Sampler(scene, pid, address, scene.io);
    try {
      return await scene.play(sampler);
    } finally {
      sampler.end();
    }
  };
  let recorded: Recorded | undefined;
  if (scene.io === undefined) {
    const server = new Program(spawn('python3', ['-c', PYTHON], { stdio: 'pipe' }));
    try {
      const [, port] = await server.waitFor('stdout', /:(\d+) /);
      recorded = await use(server, { host: '127.0.0.1', port: Number(port) });
    } finally {
      server.kill();
      await server.finished;
    }
  } else {
    await withStrsvr(['0', '--io', scene.io], async (server, address) => {
      recorded = await use(server, address);
    });
  }
  return recorded as Recorded;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const recordings: Recorded[] = [];
  for (const scene of SCENES) recordings.push(await play(scene));
  writeFileSync(built('../test/fixtures/snapshots.json'), `${JSON.stringify(recordings, null, 2)}\n`);
}
