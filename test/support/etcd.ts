// A real etcd for tests: its members, each a process of its own in a folder of its own, that can be killed, stopped and
// started again.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from './http-client.js';
import { freePort } from './servers.js';
import { onPath } from './skipping.js';
import { TIMEOUT_MS } from './waiting.js';

/** A member that was stopped answers nothing. */
const PAGE_TIMEOUT_MS = 2_000;

const ETCD = process.env['ETCD'] ?? 'etcd';

/** The reason to skip a test that needs etcd. */
export const NO_ETCD =
  onPath(ETCD) || (ETCD.includes('/') && existsSync(ETCD))
    ? undefined
    : 'there is no etcd (apt-get install etcd-server, or ETCD=path)';

export interface EtcdOptions {
  /** More command-line options of each member. */
  readonly args?: readonly string[];
  /** The scheme of the clients' URLs. */
  readonly scheme?: 'http' | 'https';
  /** Listen here instead of on free ports. */
  readonly ports?: readonly number[];
}

export class EtcdMember {
  readonly url: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  constructor(url: string, args: readonly string[]) {
    this.url = url;
    this.#args = args;
  }

  start(): void {
    this.#child ??= spawn(ETCD, this.#args, { stdio: 'ignore' });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill('SIGCONT');
    if (child.kill('SIGKILL')) await once(child, 'close');
  }

  /** Waits until it has joined the others, and they have a leader. */
  async healthy(): Promise<void> {
    while (!(await this.page('/health'))?.includes('"health":"true"')) await sleep(50);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /**
   * A page of its HTTP server; undefined: it does not answer. Not with fetch: aborted while it reads, it may stay pending for
   * ever (https://github.com/nodejs/node/issues/56917).
   */
  page(path: string): Promise<string | undefined> {
    const { hostname, port } = new URL(this.url);
    const page = get({ host: hostname, port: Number(port) }, path).then(
      ({ body }) => body,
      () => undefined,
    );
    return Promise.race([page, sleep(PAGE_TIMEOUT_MS, undefined)]);
  }
}

export class RealEtcd {
  readonly members: readonly EtcdMember[];
  readonly #folder: string;

  private constructor(members: readonly EtcdMember[], folder: string) {
    this.members = members;
    this.#folder = folder;
  }

  /** Resolves when the members have a leader. The caller stops it. */
  static async start(count: number, options: EtcdOptions = {}): Promise<RealEtcd> {
    const { args = [], scheme = 'http' } = options;
    const folder = mkdtempSync(join(tmpdir(), 'strsvr-etcd-'));
    const ports = options.ports ?? (await freePorts(2 * count));
    const peer = (i: number) => `http://127.0.0.1:${ports[2 * i + 1]}`;
    const all = Array.from({ length: count }, (_, i) => `m${i}=${peer(i)}`).join(',');
    const members = Array.from({ length: count }, (_, i) => {
      const url = `${scheme}://127.0.0.1:${ports[2 * i]}`;
      const name = `m${i}`;
      return new EtcdMember(url, [
        ...['--name', name, '--data-dir', join(folder, name), '--initial-cluster', all],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peer(i), '--initial-advertise-peer-urls', peer(i), '--log-level', 'error'],
        ...args,
      ]);
    });
    const etcd = new RealEtcd(members, folder);
    for (const member of members) member.start();
    if (scheme === 'http') await etcd.leader();
    return etcd;
  }

  /** @param use is called when the members have a leader */
  static async with(
    count: number,
    use: (etcd: RealEtcd) => Promise<void>,
    options: EtcdOptions = {},
  ): Promise<void> {
    const etcd = await RealEtcd.start(count, options);
    try {
      await use(etcd);
    } finally {
      await etcd.stop();
    }
  }

  /** Calls etcd's JSON API, with which operators change keys and settings. @throws Error when it rejects the call */
  async call(path: string, body: object): Promise<unknown> {
    const [{ url }] = this.members as [EtcdMember, ...EtcdMember[]];
    const response = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json();
  }

  /** Waits until there is one. */
  async leader(): Promise<EtcdMember> {
    for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline; await sleep(50)) {
      for (const member of this.members) {
        if (/^etcd_server_is_leader 1$/m.test((await member.page('/metrics')) ?? '')) return member;
      }
    }
    throw new Error('etcd has no leader');
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
