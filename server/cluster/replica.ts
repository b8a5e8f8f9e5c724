// What etcd holds of one text, applied to this server's copy: keys in, groups of letters to the shared text. No I/O.
//
//   strsvr/NAME/e/SERVER/OFFSET   a group: letters of that server's stream from that offset on. Only ever created
//   strsvr/NAME/n                 put in the same transaction: its version is the number of groups so far
//   strsvr/NAME/max               the longest that the text may become, agreed on by the first server
//
// The counter shows whether a watch has omitted a group. Anything else that is found there is a TamperedError: then this copy
// may differ from those of other servers, and must not answer any more.

import { isUtf8 } from 'node:buffer';
import type { Header, KeyValue } from './etcd.js';
import { type Group, type SharedText, TamperedError } from './shared-text.js';

const OFFSET_DIGITS = 10;
const GROUP_KEY = /^([0-9a-f-]{36})\/(\d{10})$/;
const CONTROL_CHARACTER = /\p{Cc}/u;

/** The watch has omitted a group: it must begin again at `revision`. */
export class GapError extends Error {}

export class Replica {
  readonly text: SharedText;
  /** All keys of the text are between these two. */
  readonly from: string;
  readonly to: string;
  readonly counterKey: string;
  readonly maxKey: string;
  readonly #groupPrefix: string;
  /** Up to here all changes are in the text. */
  revision = 0;
  /** How many groups are in the text. */
  groups = 0;
  #clusterId: number | undefined;

  /** @param name of the text */
  constructor(text: SharedText, name: string) {
    this.text = text;
    this.from = `strsvr/${name}/`;
    this.to = `strsvr/${name}0`; // 0 follows the slash
    this.counterKey = `${this.from}n`;
    this.maxKey = `${this.from}max`;
    this.#groupPrefix = `${this.from}e/`;
  }

  keyOf({ server, from }: Group): string {
    return `${this.#groupPrefix}${server}/${String(from).padStart(OFFSET_DIGITS, '0')}`;
  }

  /**
   * Checks that an answer is from the etcd that this copy follows, and not from an earlier state of it.
   * @param known this copy's revision when the question was asked
   * @throws TamperedError
   */
  check({ clusterId, revision }: Header, known: number): void {
    this.#clusterId ??= clusterId;
    if (clusterId !== this.#clusterId) throw new TamperedError('etcd is another cluster than before');
    if (revision >= known) return;
    throw new TamperedError(`etcd is at revision ${revision}, and was at ${known} before`);
  }

  /**
   * Applies changes of a watch, whole revisions in their order; those that are in the text already are skipped.
   * @throws GapError when a group is missing, TamperedError
   */
  apply(changes: readonly KeyValue[]): void {
    let group: KeyValue | undefined;
    for (const change of changes) {
      const { key, modified, version } = change;
      if (modified <= this.revision) continue;
      if (version === 0) throw new TamperedError(`${key} was deleted`);
      if (group !== undefined && group.modified !== modified) throw uncounted(group);
      if (key === this.counterKey) {
        if (version > this.groups + 1) throw new GapError(`group ${version} came after group ${this.groups}`);
        if (version <= this.groups || group === undefined) throw new TamperedError(`${key} was changed`);
        this.#accept(group);
        this.revision = modified;
        group = undefined;
      } else {
        if (version !== 1 || !key.startsWith(this.#groupPrefix))
          throw new TamperedError(`${key} was changed`);
        group = change;
      }
    }
    if (group !== undefined) throw uncounted(group);
  }

  /**
   * Applies all keys as they were at one revision; groups that are in the text already are skipped.
   * @throws TamperedError
   */
  load(keys: readonly KeyValue[], revision: number): void {
    const counted = keys.find(({ key }) => key === this.counterKey)?.version ?? 0;
    const groups = keys.filter(({ key }) => key !== this.counterKey && key !== this.maxKey);
    for (const { key, version } of groups) {
      if (version !== 1 || !key.startsWith(this.#groupPrefix)) throw new TamperedError(`${key} was changed`);
    }
    if (groups.length !== counted) {
      throw new TamperedError(`${this.counterKey} counts ${counted} groups, and there are ${groups.length}`);
    }
    groups.sort((one, other) => one.created - other.created);
    for (const group of groups.slice(this.groups)) this.#accept(group);
    this.revision = revision;
  }

  #accept({ key, value }: KeyValue): void {
    const [, server = '', from = ''] = GROUP_KEY.exec(key.slice(this.#groupPrefix.length)) ?? [];
    if (server === '') throw new TamperedError(`${key} is no key of a group`);
    if (!isUtf8(value) || CONTROL_CHARACTER.test(Buffer.from(value).toString())) {
      throw new TamperedError(`${key} does not hold letters`);
    }
    this.text.accept({ server, from: Number(from), letters: value });
    this.groups += 1;
  }
}

function uncounted({ key }: KeyValue): TamperedError {
  return new TamperedError(`${key} was put without its count`);
}
