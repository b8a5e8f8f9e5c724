// Servers of one text, an etcd and a network in a world made of random numbers: letters, delays, lost and repeated
// transactions, dropped messages of a watch, silent members, a full etcd, compactions, servers that are stopped, killed and
// started. The servers run the real code of server/cluster and core. One seed is one run, always the same.

import { Cluster } from '../../server/cluster/cluster.js';
import { SharedText } from '../../server/cluster/shared-text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { Log } from '../../server/log/log.js';
import { checkHistory, type Operation } from '../../shared/linearizability.js';
import { type Prng, prng } from '../../shared/prng.js';
import { SimulatedClient } from './simulator.js';
import { Host, VirtualClock } from './virtual-clock.js';
import { Network, VirtualEtcd, VirtualMember } from './virtual-etcd.js';

const SILENT_LOG = new Log({ detailed: false, thread: 0, sink: () => {} });
/** Several times the longest timeout of a server. */
const HEALED_MS = 60_000;
/** Some heartbeats: what a watch has dropped is noticed. */
const CAUGHT_UP_MS = 4_000;
const MAX_CLIENTS = 16;

/** Runs one seed; gives what went wrong, or undefined. */
export async function simulateCluster(seed: number): Promise<string | undefined> {
  return new World(prng(seed)).run();
}

class World {
  readonly #random: Prng;
  readonly #clock = new VirtualClock();
  readonly #etcd = new VirtualEtcd();
  readonly #network: Network;
  readonly #members: readonly string[];
  readonly #maxLength: number;
  readonly #servers: Server[] = [];
  readonly #clients: SimulatedClient[] = [];
  #started = 0;

  constructor(random: Prng) {
    this.#random = random;
    this.#network = new Network(random);
    this.#members = ['m1', 'm2', 'm3'].slice(0, 1 + random.below(3));
    this.#maxLength = random.below(4) === 0 ? 1 + random.below(20) : 10_000;
  }

  async run(): Promise<string | undefined> {
    this.#setFaults();
    const servers = 1 + this.#random.below(3);
    for (let i = 0; i < servers; i += 1) this.#startServer();
    for (let steps = 50 + this.#random.below(100); steps > 0; steps -= 1) {
      await this.#clock.pass(this.#random.below(8) ** 2);
      if (this.#random.below(8) === 0) this.#fault();
      else this.#servers[this.#random.below(this.#servers.length)]?.step(this.#random);
    }
    this.#heal();
    await this.#clock.pass(HEALED_MS, () => this.#servers.every((server) => server.settled()));
    await this.#clock.pass(CAUGHT_UP_MS);
    return this.#verdict();
  }

  #verdict(): string | undefined {
    for (const server of this.#servers) {
      const wrong = server.wrong();
      if (wrong !== undefined) return wrong;
    }
    const [text = Buffer.of(), ...others] = this.#servers
      .filter(({ started }) => started)
      .map(({ letters }) => letters);
    if (!others.every((other) => other.equals(text))) return 'two servers have different texts';
    const history: Operation[] = this.#clients.flatMap((client) => client.history);
    const broken = checkHistory(history, text);
    return broken && `${broken.invariant}: ${broken.what}`;
  }

  #startServer(): void {
    const { below } = this.#random;
    this.#started += 1;
    const uuid = `00000000-0000-0000-0000-${String(this.#started).padStart(12, '0')}`;
    const host = new Host(this.#clock);
    const server = new Server(new SharedText(allocateTextBuffer(this.#maxLength), uuid), host, {
      endpoints: this.#members,
      maxLength: this.#maxLength,
      first: below(this.#members.length),
      connect: (endpoint) => new VirtualMember(endpoint, this.#etcd, this.#network, this.#clock, host),
    });
    this.#servers.push(server);
    for (let clients = 1 + below(3); clients > 0 && this.#clients.length < MAX_CLIENTS; clients -= 1) {
      this.#clients.push(server.connect(this.#clients.length, this.#random));
    }
  }

  #setFaults(): void {
    const { oneOf } = this.#random;
    this.#network.maxDelayMs = oneOf([1, 5, 30, 300]);
    this.#network.loss = oneOf([0, 0, 20, 100]);
    this.#network.repeats = oneOf([0, 3, 20]);
    this.#network.drops = oneOf([0, 0, 5, 50]);
  }

  #fault(): void {
    const { below } = this.#random;
    const server = this.#servers[below(this.#servers.length)];
    const faults = {
      network: () => this.#setFaults(),
      silence: () => this.#network.silent.add(this.#members[below(this.#members.length)] as string),
      speech: () => this.#network.silent.clear(),
      full: () => {
        this.#etcd.full = !this.#etcd.full;
      },
      compact: () => this.#etcd.compact(),
      stop: () => server?.host.stop(),
      continue: () => server?.host.continue(),
      kill: () => this.#killOneOf(4, server),
    };
    const names = Object.keys(faults) as Array<keyof typeof faults>;
    faults[names[below(names.length)] as keyof typeof faults]();
  }

  #killOneOf(many: number, server: Server | undefined): void {
    if (this.#random.below(many) > 0 || server === undefined) return;
    server.host.kill();
    this.#servers.splice(this.#servers.indexOf(server), 1);
    this.#startServer();
  }

  #heal(): void {
    Object.assign(this.#network, { maxDelayMs: 2, loss: 0, repeats: 0, drops: 0 });
    this.#network.silent.clear();
    this.#etcd.full = false;
    for (const { host } of this.#servers) host.continue();
  }
}

type Place = Pick<ConstructorParameters<typeof Cluster>[0], 'endpoints' | 'maxLength' | 'first' | 'connect'>;

class Server {
  readonly host: Host;
  readonly #text: SharedText;
  readonly #cluster: Cluster;
  readonly #clients: SimulatedClient[] = [];
  started = false;
  #failure: unknown;

  constructor(text: SharedText, host: Host, place: Place) {
    this.host = host;
    this.#text = text;
    const rest = { name: 'text', timeoutMs: 30_000, log: SILENT_LOG };
    this.#cluster = new Cluster({ ...place, ...rest, text, clock: host });
    this.#start();
  }

  /** A real server that finds no member exits, and is started again. */
  #start(): void {
    this.#cluster.start().then(
      () => {
        this.started = true;
      },
      (error: unknown) => {
        this.#failure = error;
      },
    );
    this.#cluster.failed.catch((error: unknown) => {
      this.#failure = error;
    });
  }

  get letters(): Buffer {
    return Buffer.from(this.#text.view(0, this.#text.length));
  }

  connect(id: number, random: Prng): SimulatedClient {
    const client = new SimulatedClient(id, random, this.#text, this.#cluster);
    this.#clients.push(client);
    return client;
  }

  step({ below }: Prng): void {
    if (!this.started || !this.host.running) return;
    this.#clients[below(this.#clients.length)]?.step(this.host.now(), true);
    this.#cluster.commit();
  }

  /** Whether all letters are answered that can be, and all groups have come down. */
  settled(): boolean {
    if (!this.started) return this.#failure !== undefined;
    for (const client of this.#clients) client.readAll(this.host.now());
    this.#cluster.commit();
    const { pendingLetters, groupsBehind, notReady } = this.#cluster.status;
    return pendingLetters === 0 && groupsBehind === 0 && notReady === undefined;
  }

  wrong(): string | undefined {
    if (!this.started) return isUnreachable(this.#failure) ? undefined : `did not start: ${this.#failure}`;
    if (this.#failure !== undefined) return String(this.#failure);
    if (!this.settled()) return `does not settle: ${JSON.stringify(this.#cluster.status)}`;
    return this.#clients.map((client) => client.wrong()).find((wrong) => wrong !== undefined);
  }
}

function isUnreachable(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === 'NOETCD';
}
