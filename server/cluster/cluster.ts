// One text for several servers. Own letters go to etcd in groups, one transaction at a time; letters that come meanwhile are
// the next group. What etcd has ordered comes back through the follower, from all servers alike, and only then a letter
// may be answered. The key of a group is this server's and the group's place in its stream, and is only ever created: so a
// transaction whose outcome is unknown is simply tried again.

import { describe, OperationalError } from '../../shared/errors.js';
import { countLetters } from '../../shared/utf8.js';
import type { CloseFailure } from '../core/close-reason.js';
import type { Committer } from '../core/durability.js';
import type { Log } from '../log/log.js';
import { Availability } from './availability.js';
import { type Etcd, NoSpaceError } from './etcd.js';
import { Follower, type Member } from './follower.js';
import { Replica } from './replica.js';
import { type Group, type SharedText, TamperedError } from './shared-text.js';
import type { ClusterStatus } from './status.js';
import { Changes, type Clock, SYSTEM_CLOCK, sleep, within } from './waiting.js';

/** The most bytes of letters in one transaction; etcd accepts 1.5 MiB. */
const GROUP_BYTES = 64 * 1024;
/**
 * After a group of several letters, clients that were just answered send again at once. The delay takes all of them into the next
 * group. A single client never waits for it.
 */
const GROUP_DELAY_MS = 2;
const NO_SPACE_RETRY_MS = 1_000;
/** How long a start looks for a member that answers. */
const START_MS = 5_000;

export interface ClusterOptions {
  /** The members of etcd, at least one. */
  readonly endpoints: readonly string[];
  readonly connect: (endpoint: string) => Etcd;
  readonly text: SharedText;
  readonly name: string;
  readonly maxLength: number;
  /** After this time without an answer of etcd, clients are disconnected and letters are rejected. */
  readonly timeoutMs: number;
  readonly log: Log;
  readonly clock?: Clock;
  /** The index of the endpoint to begin with. */
  readonly first?: number;
}

export class Cluster implements Committer {
  /** Rejects when this copy may differ from the others'. */
  readonly failed: Promise<never>;
  readonly #options: ClusterOptions;
  readonly #text: SharedText;
  readonly #clock: Clock;
  readonly #replica: Replica;
  readonly #follower: Follower;
  readonly #availability: Availability;
  readonly #changes = new Changes();
  #following: Promise<void> = Promise.resolve();
  /** The running commits, one after the other. */
  #running: Promise<void> | undefined;
  #closed = false;
  /** `durableLength` when `onDurable` was called last. */
  #announced = 0;
  #onDurable = (): void => {};
  #reject = (_error: unknown): void => {};

  constructor(options: ClusterOptions) {
    const { text, name, clock = SYSTEM_CLOCK, log, timeoutMs, first = 0 } = options;
    this.#options = options;
    this.#text = text;
    this.#clock = clock;
    this.#replica = new Replica(text, name);
    this.#availability = new Availability(clock, timeoutMs, log);
    const onChange = () => this.#onChange();
    const onLeft = (member: string, reason: string) => log.record({ type: 'memberLost', member, reason });
    this.#follower = new Follower({ ...options, clock, replica: this.#replica, onChange, onLeft }, first);
    this.failed = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.failed.catch(() => {}); // those who wait for it handle it
  }

  /** Resolves when the text is as etcd has it. @throws OperationalError */
  async start(): Promise<void> {
    this.#following = this.#follower.run().catch((error: unknown) => this.#fail(error));
    const answered = this.#changes.until(() => this.#follower.roundTripMs !== undefined);
    const ready = this.#changes.until(() => this.#follower.member !== undefined);
    try {
      await Promise.race([this.failed, within(this.#clock, answered, START_MS, 'no answer')]);
      await Promise.race([this.failed, ready]);
    } catch (error) {
      await this.close();
      throw error instanceof OperationalError ? error : this.#unreachable();
    }
  }

  get durableLength(): number {
    return this.#text.settled;
  }

  get rejection(): Committer['rejection'] {
    return this.#availability.rejection;
  }

  get status(): ClusterStatus {
    const { member, groupsBehind, roundTripMs } = this.#follower;
    const { groups } = this.#replica;
    return {
      ...{ name: this.#options.name, member: member?.endpoint, groups, groupsBehind, roundTripMs },
      pendingLetters: countLetters(this.#text.pending),
      notReady: this.#availability.problem ?? (member ? undefined : 'no member of etcd is connected'),
    };
  }

  onDurable(callback: () => void): void {
    this.#onDurable = callback;
  }

  onUnavailable(callback: (why: CloseFailure) => void): void {
    this.#availability.onUnavailable = callback;
  }

  commit(): void {
    if (this.#text.pending.length > 0) this.#running ??= this.#commitAll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#availability.close();
    this.#follower.close();
    this.#changes.notify();
    await Promise.all([this.#running, this.#following]);
  }

  async #commitAll(): Promise<void> {
    await sleep(this.#clock, 0); // group commit: let the other sockets of this tick append first
    for (;;) {
      await this.#changes.until(() => this.#follower.member !== undefined || this.#closed);
      const group = this.#text.nextGroup(GROUP_BYTES);
      const { member } = this.#follower;
      if (this.#closed || member === undefined || group === undefined) break;
      try {
        await this.#commitGroup(member, group);
        if (group.letters.length > 1) await sleep(this.#clock, GROUP_DELAY_MS);
      } catch (error) {
        if (error instanceof TamperedError) return this.#fail(error);
        if (error instanceof NoSpaceError) await this.#awaitRoom(error);
        else this.#follower.leave(member, error as Error);
      }
    }
    this.#running = undefined;
  }

  /** @throws Error when the group has not come back in time; then it may come back or not */
  async #commitGroup({ etcd }: Member, group: Group): Promise<void> {
    const began = this.#clock.now();
    const key = this.#replica.keyOf(group);
    const created = this.#follower.answer(etcd.create(key, group.letters, this.#replica.counterKey));
    const back = this.#changes.until(() => this.#text.settled > group.from || this.#closed);
    await within(this.#clock, Promise.all([created, back]), this.#follower.timeoutMs, 'no answer');
    const { log } = this.#options;
    if (!log.detailed) return;
    const milliseconds = this.#clock.now() - began;
    log.record({
      type: 'committed',
      bytes: group.letters.length,
      groups: this.#replica.groups,
      behind: countLetters(this.#text.pending),
      milliseconds,
    });
  }

  async #awaitRoom({ message }: NoSpaceError): Promise<void> {
    this.#availability.noSpace(message, this.#text.pending.length);
    await Promise.race([sleep(this.#clock, NO_SPACE_RETRY_MS), this.#changes.until(() => this.#closed)]);
  }

  #onChange(): void {
    this.#availability.answered();
    this.#changes.notify();
    if (this.#announced === this.durableLength) return;
    this.#announced = this.durableLength;
    this.#availability.hasSpace();
    this.#onDurable();
  }

  #fail(error: unknown): void {
    if (!(error instanceof TamperedError)) throw error;
    this.#follower.close();
    const message = `the text ${this.#options.name} in etcd: ${error.message}`;
    this.#options.log.record({ type: 'clusterFailed', message });
    this.#reject(new OperationalError('CLUSTER', message, error));
  }

  #unreachable(): OperationalError {
    const { endpoints } = this.#options;
    const { errors } = this.#follower;
    const each = endpoints.map((endpoint) => `${endpoint}: ${describe(errors.get(endpoint) ?? 'not tried')}`);
    return new OperationalError('NOETCD', `no member of etcd answers: ${each.join('; ')}`);
  }
}
