// A server process observed from outside (memory, descriptors) and from inside (heap, event-loop lag), and an idle server
// as a baseline; clients that measure its latency; and the open-loop load that sections share.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'strsvr/client';
import type { LoadPlan } from '../../client/load/plan.js';
import { checkHistory, fingerprint, type Operation } from '../../shared/linearizability.js';
import { HAS_PROC, processStats } from '../../shared/procfs.js';
import { percentiles } from '../../shared/quantile.js';
import { ByteClient } from '../support/byte-client.js';
import { built, ended, Program } from '../support/program.js';
import type { Address } from '../support/servers.js';
import type { Probe, ProbeRequest } from './in-process-probe.js';
import { info, type ResultRow } from './suite.js';

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
    const stats = processStats(pid);
    if (stats === undefined) throw new Error(`the server is gone:\n${this.program.stderr}`);
    return stats;
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.program.child.pid}/fd`).length;
  }

  /** Runs a garbage collection there and returns what is left. */
  async probe(question: ProbeRequest = 'look'): Promise<Probe> {
    const answer = once(this.program.child, 'message');
    this.program.child.send(question);
    const [probe] = await Promise.race([answer, this.program.finished.then(() => [])]);
    if (probe === undefined) throw new Error(`the server is gone:\n${this.program.stderr}`);
    return probe;
  }

  /** Waits up to half a minute until no more descriptors are open than before. @returns how many more still are */
  async descriptorsBeyond(before: number): Promise<number> {
    for (let retries = 1_500; this.descriptors > before && retries > 0; retries -= 1) await sleep(20);
    return Math.max(0, this.descriptors - before);
  }

  /** Sends SIGTERM. @returns the final text and the log */
  async stop(): Promise<{ readonly status: unknown; readonly text: Buffer; readonly stderr: string }> {
    this.program.child.kill('SIGTERM');
    const { status, stdout, stderr } = await ended(this.program);
    return { status, text: finalText(stdout), stderr };
  }
}

/** The whole text as strsvr prints it at its end. @throws Error when it is missing */
export function finalText(stdout: string): Buffer {
  const text = /^the final value of v is (.*)\n$/ms.exec(stdout)?.[1];
  if (text === undefined) throw new Error('no final value was printed');
  return Buffer.from(text);
}

/** An idle server with a healthy client: the latency that the machine alone causes. */
export interface Baseline {
  readonly server: InstrumentedServer;
  readonly healthy: HealthyClient;
}

/** Starts a server beside the baseline, and ends it on every path. Without /proc the section is skipped. */
export async function withInstrumented(
  args: readonly string[],
  use: (server: InstrumentedServer, baseline: Baseline) => Promise<ResultRow[]>,
): Promise<ResultRow[]> {
  if (!HAS_PROC) return [info('  skipped', 'no /proc')];
  return withBaseline(async (baseline) => {
    const program = start(args);
    try {
      return await use(await listening(program), baseline);
    } finally {
      program.kill();
      await program.finished;
    }
  });
}

function start(args: readonly string[]): Program {
  const node = ['--expose-gc', '--import', built('test/soak/in-process-probe.js'), built('server/strsvr.js')];
  return new Program(
    spawn(process.execPath, [...node, '0', ...args], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }),
  );
}

async function listening(program: Program): Promise<InstrumentedServer> {
  const [, host = '', port] = await program.waitFor('stdout', /listening on (.+):(\d+) /);
  return new InstrumentedServer(program, { host, port: Number(port) });
}

const EVERY_MS = 50;
/** Not sent by attackers. */
export const HEALTHY_LETTER = 'é';

/** A client that sends a letter every 50 ms, by the clock, and records the replies. */
export class HealthyClient {
  readonly history: Operation[] = [];
  /** From when each letter was due, in milliseconds (no coordinated omission). */
  readonly times: number[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(address: Address) {
    this.#done = this.#send(address);
    this.#done.catch(() => {}); // stop() rejects then
  }

  /** Resolves when this many letters are answered. */
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
      reply.catch(() => {}); // Promise.all below rejects then
      replies.push(reply);
    }
    await Promise.all(replies);
    connection.close();
  }

  /** Of the letters from index `first` on. */
  p99(first = 0): number {
    return percentiles(this.times.slice(first))?.p99 ?? Number.NaN;
  }

  /** The violated invariant, given the final text; the other clients' letters are unknown. */
  violations(text: Buffer): string[] {
    const others: Operation[] = [];
    for (const letter of text.toString()) {
      if (letter !== HEALTHY_LETTER) others.push({ client: -1, letter, sent: Number.NEGATIVE_INFINITY });
    }
    const found = checkHistory([...others, ...this.history], text);
    return found === undefined ? [] : [`${found.invariant}: ${found.what}`];
  }
}

/** Clients that connect one after the other, send a line end, wait for the answer and close. */
export class Newcomers {
  /** From the connect to the answer, in milliseconds. */
  readonly #times: number[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(address: Address) {
    this.#done = this.#come(address);
    this.#done.catch(() => {}); // stop() rejects then
  }

  /** Resolves when the last one is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  get p99(): number {
    return percentiles(this.#times)?.p99 ?? Number.NaN;
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

class IdleServer {
  readonly #program = start([]);
  readonly baseline: Promise<Baseline> = listening(this.#program).then((server) => ({
    server,
    healthy: new HealthyClient(server.address),
  }));
  users = 0;

  async stop(): Promise<void> {
    try {
      await (await this.baseline).healthy.stop();
    } finally {
      this.#program.kill();
      await this.#program.finished;
    }
  }
}

let idleServer: IdleServer | undefined;

/** Sections that run concurrently share one. */
async function withBaseline(use: (baseline: Baseline) => Promise<ResultRow[]>): Promise<ResultRow[]> {
  idleServer ??= new IdleServer();
  const shared = idleServer;
  shared.users += 1;
  try {
    return await use(await shared.baseline);
  } finally {
    shared.users -= 1;
    if (shared.users === 0) {
      idleServer = undefined;
      await shared.stop();
    }
  }
}

/** For comparison with the latency of a server under load or attack. */
export function baselineP99({ healthy }: Baseline): ResultRow {
  return info('  of an idle server at the same time', `${healthy.p99().toFixed(1)} ms`);
}

/** An open-loop load at a constant rate, in letters a second. */
export function steadyLoad(
  address: Address,
  { clients, idleClients = 0, rate, seconds }: SteadyLoad,
): LoadPlan {
  return {
    ...address,
    clients,
    idleClients,
    letters: rate * seconds,
    rate,
    warmup: 1,
    prefill: 0,
    timeoutMs: 2_000 * seconds + 60_000,
    idleTimeoutMs: 30_000,
    burst: 1,
    writes: 1,
    nagle: false,
    seed: 1,
  };
}

interface SteadyLoad {
  readonly clients: number;
  readonly idleClients?: number;
  readonly rate: number;
  readonly seconds: number;
}
