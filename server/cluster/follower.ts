// Follows etcd: connects to one member after the other, reads the text at the start, and then watches it. What comes goes to
// the replica. A member that does not answer in time is left for the next one, because a frozen member accepts everything
// and answers nothing. A heartbeat shows that the member still has a majority and that the watch has omitted nothing.

import { CompactedError, type Etcd, type Header, type KeyValue } from './etcd.js';
import { GapError, type Replica } from './replica.js';
import { TamperedError } from './shared-text.js';
import { type Clock, sleep, within } from './waiting.js';

/** How long one answer may take; twice as long after each round of all members without any success. */
const TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 4_000;
/** A page of keys takes longer. */
const PAGE_TIMEOUTS = 20;
/** Before the next member. */
const PAUSE_MS = 50;
export const HEARTBEAT_MS = 1_000;
/** The first page; the others have about PAGE_BYTES: for each page, etcd visits all keys. */
const FIRST_PAGE_KEYS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

export interface Member {
  readonly endpoint: string;
  readonly etcd: Etcd;
}

export interface FollowerOptions {
  /** At least one. */
  readonly endpoints: readonly string[];
  readonly connect: (endpoint: string) => Etcd;
  readonly replica: Replica;
  readonly maxLength: number;
  readonly clock: Clock;
  /** Etcd has answered; `member` or the replica may have changed. */
  readonly onChange: () => void;
  /** A member that was followed was left. */
  readonly onLeft: (endpoint: string, why: string) => void;
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #replica: Replica;
  /** The member that is connected, and whose watch runs. */
  #member: Member | undefined;
  #connecting: Etcd | undefined;
  #next: number;
  #failures = 0;
  /** Whether the replica must load the text: it lacks letters that a watch can no longer deliver. */
  #mustLoad = true;
  #closed = false;
  /** The last error of each endpoint. */
  readonly errors = new Map<string, string>();
  roundTripMs: number | undefined;
  /** Number of groups that the last heartbeat found and the watch had not delivered yet. */
  groupsBehind = 0;

  /** @param first the index of the endpoint to begin with */
  constructor(options: FollowerOptions, first: number) {
    this.#options = options;
    this.#replica = options.replica;
    this.#next = first;
  }

  get member(): Member | undefined {
    return this.#member;
  }

  /** How long an answer may take now. */
  get timeoutMs(): number {
    const rounds = Math.floor(this.#failures / this.#options.endpoints.length);
    return Math.min(MAX_TIMEOUT_MS, TIMEOUT_MS * 2 ** rounds);
  }

  /** Resolves after `close`. @throws TamperedError */
  async run(): Promise<void> {
    const { endpoints, clock, connect, onLeft } = this.#options;
    while (!this.#closed) {
      const endpoint = endpoints[this.#next % endpoints.length] as string;
      this.#next += 1;
      const etcd = connect(endpoint);
      this.#connecting = etcd;
      try {
        await this.#follow({ endpoint, etcd });
      } catch (error) {
        if (error instanceof TamperedError) throw error;
        if (error instanceof CompactedError) this.#mustLoad = true;
        if (this.#closed) break;
        this.#failures += 1;
        const why = error instanceof Error ? error.message : String(error);
        this.errors.set(endpoint, why);
        if (this.#member !== undefined) onLeft(endpoint, why); // else `leave` has called it
      } finally {
        etcd.close(new Error('left'));
        this.#member = undefined;
      }
      await sleep(clock, PAUSE_MS);
    }
  }

  /** Goes to the next member, unless it has already. */
  leave(member: Member, why: Error): void {
    if (member !== this.#member) return;
    this.#member = undefined; // at once: the watch ends later
    this.#options.onLeft(member.endpoint, why.message);
    member.etcd.close(why);
  }

  close(): void {
    this.#closed = true;
    this.#connecting?.close(new Error('the server stops'));
  }

  /** Waits for the answer to a call that needs a majority. @throws TamperedError; Error when it does not come in time */
  async answer<T extends Header>(call: Promise<T>, ms = this.timeoutMs): Promise<T> {
    const known = this.#replica.revision;
    const header = await within(this.#options.clock, call, ms, 'no answer');
    this.#replica.check(header, known);
    this.#failures = 0;
    return header;
  }

  async #follow(member: Member): Promise<never> {
    const { etcd } = member;
    await this.#beat(etcd);
    if (this.#mustLoad) await this.#load(etcd);
    const { from, to, revision } = this.#replica;
    let onBegun = (): void => {};
    const begun = new Promise<void>((resolve) => {
      onBegun = resolve;
    });
    const watch = etcd.watch(from, to, revision + 1, (header, changes) => {
      onBegun();
      this.#onChanges(header, changes);
    });
    await within(this.#options.clock, Promise.race([begun, watch]), this.timeoutMs, 'no watch');
    this.#member = member;
    this.#options.onChange();
    return Promise.race([watch, this.#beatForEver(etcd)]);
  }

  #onChanges(header: Header, changes: readonly KeyValue[]): void {
    this.#replica.check(header, 0); // a member may lag behind the others
    this.#replica.apply(changes);
    if (changes.length > 0) this.#options.onChange();
  }

  async #beatForEver(etcd: Etcd): Promise<never> {
    for (;;) {
      await sleep(this.#options.clock, HEARTBEAT_MS);
      const { groups } = this.#replica;
      const wasBehind = this.groupsBehind > 0;
      await this.#beat(etcd);
      if (wasBehind && this.groupsBehind > 0 && groups === this.#replica.groups)
        throw new GapError(`the watch has omitted ${this.groupsBehind} groups`);
    }
  }

  async #beat(etcd: Etcd): Promise<void> {
    const { clock, onChange } = this.#options;
    const began = clock.now();
    const page = await this.answer(etcd.read({ from: this.#replica.counterKey, limit: 1, revision: 0 }));
    this.roundTripMs = clock.now() - began;
    this.groupsBehind = Math.max(0, (page.keys[0]?.version ?? 0) - this.#replica.groups);
    onChange();
  }

  /** Everything that etcd holds of the text, at one revision. */
  async #load(etcd: Etcd): Promise<void> {
    await this.#agreeOnLength(etcd);
    const { to } = this.#replica;
    const keys: KeyValue[] = [];
    let [from, limit, revision, more] = [this.#replica.from, FIRST_PAGE_KEYS, 0, true];
    while (more) {
      const page = await this.answer(
        etcd.read({ from, to, limit, revision }),
        PAGE_TIMEOUTS * this.timeoutMs,
      );
      revision ||= page.revision;
      keys.push(...page.keys);
      const bytes = page.keys.reduce((sum, { key, value }) => sum + key.length + value.length, 1);
      limit = Math.max(1, Math.floor((page.keys.length * PAGE_BYTES) / bytes));
      from = `${page.keys.at(-1)?.key}\0`;
      ({ more } = page);
    }
    this.#replica.load(keys, revision);
    this.#mustLoad = false;
  }

  /** All servers of a text must find it full at the same letter: the first one's maximum length holds. */
  async #agreeOnLength(etcd: Etcd): Promise<void> {
    const { maxLength } = this.#options;
    const { maxKey } = this.#replica;
    await this.answer(etcd.create(maxKey, Buffer.from(String(maxLength))));
    const { keys } = await this.answer(etcd.read({ from: maxKey, limit: 1, revision: 0 }));
    const agreed = Buffer.from(keys[0]?.value ?? []).toString();
    if (agreed === String(maxLength)) return;
    throw new TamperedError(`the servers of this text have --max-length ${agreed}, not ${maxLength}`);
  }
}
