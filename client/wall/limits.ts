// What the wall rejects or drops, and how it counts that: names, letters, connections of one address.

const MAX_NAME = 12;
const LETTERS_PER_SECOND = 10;
/** A word that a phone's keyboard completes arrives at once. */
const BURST = 20;

/** A name that is safe to show: no control, format or separator characters, no runs of combining marks, at most 12 letters. */
export function safeName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .trim();
  const letters = [...new Intl.Segmenter('en').segment(plain)].map(({ segment }) => segment);
  return letters.slice(0, MAX_NAME).join('').trim() || 'guest';
}

/** Lets a client send letters at this rate. */
export class LetterRate {
  #tokens = BURST;
  #at = performance.now();

  take(now = performance.now()): boolean {
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#at) / 1000) * LETTERS_PER_SECOND);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** How many connections each address has. */
export class PerAddress {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false if the address has as many as it may; otherwise call `remove` later */
  add(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#max) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  remove(address: string): void {
    const count = (this.#counts.get(address) ?? 1) - 1;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
  }
}

/** Counts what was rejected, by reason; the first of each reason is reported. */
export class Rejections {
  readonly #counts = new Map<string, number>();
  readonly #onFirst: (line: string) => void;

  constructor(onFirst: (line: string) => void) {
    this.#onFirst = onFirst;
  }

  /** @param detail of this one, such as a name; printed escaped */
  count(reason: string, detail = ''): void {
    const before = this.#counts.get(reason) ?? 0;
    this.#counts.set(reason, before + 1);
    if (before === 0) this.#onFirst(`rejected: ${reason}${detail && ` (${detail.slice(0, 100)})`}`);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** `rejected: 3 oversized frames, 1 wrong Host`; undefined if nothing was. */
  summary(): string | undefined {
    if (this.#counts.size === 0) return undefined;
    return `rejected: ${[...this.#counts].map(([reason, count]) => `${count} × ${reason}`).join(', ')}`;
  }
}
