// How often values fell into each of some classes, and their sum.

export class Histogram {
  /** Upper bounds of the classes, ascending; the last class has none. */
  readonly bounds: readonly number[];
  /** One for each bound, and one for what is above all. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const at = classOf(value, this.bounds);
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
  }
}

/** The index of the first bound that a value does not exceed; their number if it exceeds all. */
export function classOf(value: number, bounds: readonly number[]): number {
  let at = 0;
  while (at < bounds.length && value > (bounds[at] as number)) at += 1;
  return at;
}
