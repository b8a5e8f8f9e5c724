// Servers of one text as processes, each behind gates to a real etcd, with clients that go to the next server when theirs
// goes away; and faults to do to them while everything that clients see is recorded.

import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, type Operation } from '../../shared/linearizability.js';
import type { Prng } from '../../shared/prng.js';
import type { RealEtcd } from './etcd.js';
import { Gate } from './gate.js';
import { ended, Program } from './program.js';
import { recordClient } from './recording-client.js';
import { type Address, freePort } from './servers.js';
import { TIMEOUT_MS, until } from './waiting.js';

/** How long servers and members are stopped, or cut off. */
const FAULT_MS = 2_000;
const PAUSE_MS = 20;
/** After this many letters a client goes to the next server too. */
const LETTERS_A_VISIT = 8;

/** The last one is none. */
export const INJECTED_FAULTS = [
  'kill server',
  'stop server',
  'kill leader',
  'stop member',
  'partition',
  'none',
] as const;
export type InjectedFault = (typeof INJECTED_FAULTS)[number];

export interface ClusterSize {
  readonly servers: number;
  readonly clients: number;
  /** One in this many messages of the watches is dropped; undefined: none. */
  readonly dropOneOf?: number;
  /** How long a fault lasts. */
  readonly faultMs?: number;
}

export interface ClusterVerdict {
  /** How the final text contradicts the recorded history; undefined if it does not. */
  readonly broken: string | undefined;
  readonly answered: number;
  /** Of each round, how long the others waited at most. */
  readonly othersStallMs: readonly number[];
}

interface TestServer {
  readonly address: Address;
  readonly gates: readonly Gate[];
  program: Program;
  /** How many letters its clients have had answered. */
  answered: number;
}

/** Servers and clients at work on a text of an etcd. */
export class TestCluster {
  readonly #etcd: RealEtcd;
  readonly #name: string;
  readonly #size: ClusterSize;
  readonly #servers: TestServer[] = [];
  readonly #clients: Array<Promise<void>> = [];
  /** The server of each connection, by the client's number in the history. */
  readonly #serverOf: TestServer[] = [];
  readonly #history: Operation[] = [];
  readonly #rounds: Array<{ readonly began: number; readonly ended: number; readonly server?: TestServer }> =
    [];
  #done = false;

  static async start(etcd: RealEtcd, name: string, size: ClusterSize): Promise<TestCluster> {
    const cluster = new TestCluster(etcd, name, size);
    for (let i = 0; i < size.servers; i += 1) await cluster.#addServer();
    for (let i = 0; i < size.clients; i += 1) cluster.#clients.push(cluster.#runClient(i));
    return cluster;
  }

  private constructor(etcd: RealEtcd, name: string, size: ClusterSize) {
    this.#etcd = etcd;
    this.#name = name;
    this.#size = size;
  }

  /** Does a fault to one of the servers or members, ends it, and waits until clients of every server are answered again. */
  async round(fault: InjectedFault, { below }: Prng): Promise<void> {
    const server = this.#servers[below(this.#servers.length)] as TestServer;
    const member = this.#etcd.members[below(this.#etcd.members.length)];
    const { faultMs = FAULT_MS } = this.#size;
    const began = performance.now();
    switch (fault) {
      case 'kill server':
        server.program.kill();
        await server.program.finished;
        await sleep(faultMs / 4);
        server.program = await this.#startProgram(server.address, server.gates);
        break;
      case 'stop server':
        server.program.child.kill('SIGSTOP');
        await sleep(faultMs);
        server.program.child.kill('SIGCONT');
        break;
      case 'kill leader': {
        const leader = await this.#etcd.leader();
        await leader.kill();
        await sleep(faultMs / 2);
        leader.start();
        await leader.healthy(); // or the next round would kill a leader while there are only two members
        break;
      }
      case 'stop member':
        member?.signal('SIGSTOP');
        await sleep(faultMs);
        member?.signal('SIGCONT');
        break;
      case 'partition':
        for (const gate of server.gates) gate.shut();
        await sleep(faultMs);
        for (const gate of server.gates) gate.open();
        break;
      case 'none':
        await sleep(faultMs / 4);
    }
    await this.#answeredAgain();
    const ofServer = fault === 'kill server' || fault === 'stop server' || fault === 'partition';
    this.#rounds.push({ began, ended: performance.now(), ...(ofServer && { server }) });
  }

  /** Ends clients and servers, and checks whether the final text explains all that clients have seen. */
  async verdict(): Promise<ClusterVerdict> {
    this.#done = true;
    await Promise.all(this.#clients);
    for (const server of this.#servers) await this.#recordClient(server, { letters: 1 }); // sees all that was answered before
    for (const { program } of this.#servers) program.child.kill('SIGTERM');
    const texts = await Promise.all(this.#servers.map(({ program }) => finalText(program)));
    const [longest = '', ...others] = texts.sort((one, other) => other.length - one.length);
    const violation = checkHistory(this.#history, Buffer.from(longest));
    const same = others.every((text) => longest.startsWith(text));
    const answered = this.#history.filter(({ answer }) => answer !== undefined).length;
    const broken = same
      ? violation && `${violation.invariant}: ${violation.what}`
      : 'servers have different texts';
    return { broken, answered, othersStallMs: this.#rounds.map((round) => this.#othersStall(round)) };
  }

  /** The longest that a client of a server without a fault waited for a reply within a round. */
  #othersStall({ began, ended, server }: { began: number; ended: number; server?: TestServer }): number {
    const waits = this.#history.map(({ client, sent, answer }) => {
      const concerned = answer !== undefined && answer.at >= began && sent <= ended;
      return concerned && this.#serverOf[client] !== server
        ? Math.min(answer.at, ended) - Math.max(sent, began)
        : 0;
    });
    return waits.reduce((longest, wait) => Math.max(longest, wait), 0);
  }

  async stop(): Promise<void> {
    this.#done = true;
    for (const { program } of this.#servers) program.kill();
    await Promise.all(this.#clients);
    for (const { gates } of this.#servers) for (const gate of gates) gate.close();
  }

  async #addServer(): Promise<void> {
    const targets = this.#etcd.members.map(({ url }) => new URL(url));
    const gates = await Promise.all(
      targets.map(({ hostname, port }) => Gate.to({ host: hostname, port: Number(port) })),
    );
    const address = { host: '127.0.0.1', port: await freePort() };
    this.#servers.push({ address, gates, program: await this.#startProgram(address, gates), answered: 0 });
  }

  async #startProgram({ port }: Address, gates: readonly Gate[]): Promise<Program> {
    const urls = gates.map(({ address }) => `http://127.0.0.1:${address.port}`).join(',');
    const args = [String(port), '--cluster', urls, '--name', this.#name];
    const { dropOneOf } = this.#size;
    const preload = new URL('drop-watch-preload.js', import.meta.url).href;
    const nodeArgs = dropOneOf === undefined ? [] : ['--import', preload];
    const through = dropOneOf === undefined ? [] : ['env', `DROP_ONE_OF=${dropOneOf}`];
    const program = new Program('server/strsvr.js', args, nodeArgs, through);
    await program.waitFor('stdout', /listening on/);
    return program;
  }

  async #runClient(index: number): Promise<void> {
    for (let next = index; !this.#done; next += 1) {
      const server = this.#servers[next % this.#servers.length] as TestServer;
      await this.#recordClient(server, {
        done: () => this.#done,
        pauseMs: PAUSE_MS,
        letters: LETTERS_A_VISIT,
      });
      await sleep(PAUSE_MS);
    }
  }

  async #recordClient(
    server: TestServer,
    options: { letters?: number; done?: () => boolean; pauseMs?: number },
  ): Promise<void> {
    const client = this.#serverOf.push(server) - 1;
    const letter = () => {
      server.answered += 1; // each letter but the first follows a reply
      return 'a';
    };
    this.#history.push(...(await recordClient(server.address, client, { ...options, letter })));
  }

  async #answeredAgain(): Promise<void> {
    const before = this.#servers.map(({ answered }) => answered);
    await until(
      () => this.#servers.every(({ answered }, i) => answered > (before[i] ?? 0) + 1),
      'answers again',
    );
  }
}

async function finalText(program: Program): Promise<string> {
  const { stdout } = await ended(program, TIMEOUT_MS);
  const [, text] = /the final value of v is (.*)\n/.exec(stdout) ?? [];
  if (text === undefined) throw new Error(`a server printed no final value:\n${stdout}\n${program.stderr}`);
  return text;
}
