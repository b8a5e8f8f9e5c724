// A server in a process of its own that can be watched from outside (memory, descriptors) and from inside (heap, lag of
// the event loop), and one healthy client beside whatever else is done to it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'strsvr/client';
import { percentiles } from '../../client/load/percentiles.js';
import { checkHistory, fingerprint, type Operation } from '../../shared/linearizability.js';
import { HAS_PROC, processStats } from '../../shared/procfs.js';
import { ByteClient } from '../support/byte-client.js';
import { built, ended, Program } from '../support/program.js';
import type { Address } from '../support/servers.js';
import type { Probe, Question } from './in-process-probe.js';
import { info, type Row } from './suite.js';

export const NOT_WATCHED = HAS_PROC ? undefined : 'skipped: there is no /proc';

export class InstrumentedServer {
  readonly program: Program;
  readonly address: Address;

  /** @param program with a channel to this process */
  constructor(program: Program, address: Address) {
    this.program = program;
    this.address = address;
  }

  /** @throws Error when it has ended */
  get memory(): { readonly residentMiB: number; readonly peakMiB: number } {
    const { pid = 0 } = this.program.child;
    const seen = processStats(pid);
    if (seen === undefined) throw new Error(`the server is gone:\n${this.program.stderr}`);
    return seen;
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.program.child.pid}/fd`).length;
  }

  /** Collects garbage there, and says what is left. */
  async look(question: Question = 'look'): Promise<Probe> {
    const answer = once(this.program.child, 'message');
    this.program.child.send(question);
    const [inside] = await Promise.race([answer, this.program.finished.then(() => [])]);
    if (inside === undefined) throw new Error(`the server is gone:\n${this.program.stderr}`);
    return inside;
  }

  /** Waits until no more descriptors are open than this, half a minute at most; how many more are. */
  async descriptorsBeyond(before: number): Promise<number> {
    for (let patience = 1_500; this.descriptors > before && patience > 0; patience -= 1) await sleep(20);
    return Math.max(0, this.descriptors - before);
  }

  /** SIGTERM, and what it has then said. */
  async stop(): Promise<{ readonly status: unknown; readonly text: Buffer; readonly stderr: string }> {
    this.program.child.kill('SIGTERM');
    const { status, stdout, stderr } = await ended(this.program);
    return { status, text: finalText(stdout), stderr };
  }
}

/** The text as strsvr prints it at its end, all of it. @throws Error when it is not there */
export function finalText(stdout: string): Buffer {
  const text = /^the final value of v is (.*)\n$/ms.exec(stdout)?.[1];
  if (text === undefined) throw new Error('no final value was printed');
  return Buffer.from(text);
}

/** Starts it, waits until it listens, and ends it whatever happens. */
export async function withInstrumented(
  args: readonly string[],
  use: (server: InstrumentedServer) => Promise<void>,
): Promise<void> {
  const program = watchable(args);
  try {
    await use(await watched(program));
  } finally {
    program.kill();
    await program.finished;
  }
}

function watchable(args: readonly string[]): Program {
  const node = ['--expose-gc', '--import', built('test/soak/in-process-probe.js'), built('server/strsvr.js')];
  return new Program(
    spawn(process.execPath, [...node, '0', ...args], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }),
  );
}

async function watched(program: Program): Promise<InstrumentedServer> {
  const [, host = '', port] = await program.waitFor('stdout', /listening on (.+):(\d+) /);
  return new InstrumentedServer(program, { host, port: Number(port) });
}

const EVERY_MS = 50;
/** No letter of any attacker. */
export const HEALTHY_LETTER = 'é';

/** A client that sends a letter each 50 ms, by the clock, and looks at the replies. */
export class HealthyClient {
  readonly history: Operation[] = [];
  /** From when each letter was to be sent, in milliseconds. */
  readonly times: number[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(address: Address) {
    this.#done = this.#send(address);
    this.#done.catch(() => {}); // who stops it hears of it
  }

  /** Resolves when so many letters are answered. */
  async answered(letters: number): Promise<void> {
    while (this.times.length < letters) await Promise.race([sleep(EVERY_MS), this.#done]);
  }

  /** Resolves when all of its letters are answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #send(address: Address): Promise<void> {
    const connection = await connect(address);
    const replies: Array<Promise<void>> = [];
    const began = performance.now();
    for (let due = began; !this.#stopped; due += EVERY_MS) {
      await sleep(Math.max(0, due - performance.now()));
      const index = this.history.length;
      const operation = { client: 0, letter: HEALTHY_LETTER, sent: performance.now() };
      this.history.push(operation);
      const reply = connection.send(HEALTHY_LETTER).then((text) => {
        const at = performance.now();
        this.times.push(at - due);
        this.history[index] = { ...operation, answer: { at, reply: fingerprint(Buffer.from(text)) } };
      });
      reply.catch(() => {}); // heard of below
      replies.push(reply);
    }
    await Promise.all(replies);
    connection.close();
  }

  /** Of the letters from this one on. */
  p99(first = 0): number {
    return percentiles(Float64Array.from(this.times.slice(first)))?.p99 ?? Number.NaN;
  }

  /** Which promise was broken to it, when the text in the end is this; of the letters of others nothing is known. */
  broken(text: Buffer): string[] {
    const others: Operation[] = [];
    for (const letter of text.toString()) {
      if (letter !== HEALTHY_LETTER) others.push({ client: -1, letter, sent: Number.NEGATIVE_INFINITY });
    }
    const found = checkHistory([...others, ...this.history], text);
    return found === undefined ? [] : [`${found.invariant}: ${found.what}`];
  }
}

/** Clients that come one after the other, ask for a line end and leave. */
export class Newcomers {
  /** From connect to the answer, in milliseconds. */
  readonly #times: number[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(address: Address) {
    this.#done = this.#come(address);
    this.#done.catch(() => {}); // who stops them hears of it
  }

  /** Resolves when the last one is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  get p99(): number {
    return percentiles(Float64Array.from(this.#times))?.p99 ?? Number.NaN;
  }

  async #come(address: Address): Promise<void> {
    while (!this.#stopped) {
      const began = performance.now();
      const client = await ByteClient.connect(address);
      client.send('\n');
      await client.receive(1);
      this.#times.push(performance.now() - began);
      client.close();
      await sleep(EVERY_MS);
    }
  }
}

/** A server that nobody else talks to, and its healthy client. */
class Untouched {
  readonly #program = watchable([]);
  readonly started = watched(this.#program).then((server) => ({
    server,
    healthy: new HealthyClient(server.address),
  }));
  users = 0;

  async stop(): Promise<void> {
    try {
      await (await this.started).healthy.stop();
    } finally {
      this.#program.kill();
      await this.#program.finished;
    }
  }
}

let untouchedNow: Untouched | undefined;

/** It tells how late the machine alone makes a server. What runs at the same time has one together. */
export async function withHealthyClient(
  use: (healthy: HealthyClient, server: InstrumentedServer) => Promise<void>,
): Promise<void> {
  untouchedNow ??= new Untouched();
  const one = untouchedNow;
  one.users += 1;
  try {
    const { healthy, server } = await one.started;
    await use(healthy, server);
  } finally {
    one.users -= 1;
    if (one.users === 0) {
      untouchedNow = undefined;
      await one.stop();
    }
  }
}

/** To be read beside a figure of a server that was not left alone. */
export function unaffected(healthy: HealthyClient): Row {
  return info('  and meanwhile by a server with nothing else to do', `${healthy.p99().toFixed(1)} ms`);
}
