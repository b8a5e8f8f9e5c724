// Metrics of prom-client that are read when they are asked for: each has a function that returns its value.

import {
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValueWithName,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

export class MetricRegistry {
  readonly #registry = new Registry();

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus reads. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  gauge(name: string, help: string, read: () => number): void {
    this.labelled(name, help, [], () => [[{}, read()]]);
  }

  labelled(
    name: string,
    help: string,
    labelNames: string[],
    read: () => ReadonlyArray<readonly [labels: Record<string, string>, value: number]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  labelledCounter(name: string, help: string, label: string, read: () => ReadonlyMap<string, number>): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, count] of read()) this.inc({ [label]: value }, count);
      },
    });
  }

  histogram(name: string, help: string, read: () => HistogramFigures): void {
    this.#registry.registerMetric(new ReadHistogram(name, help, read));
  }
}

export interface HistogramFigures {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A histogram that others have counted. */
class ReadHistogram extends PromHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => HistogramFigures;

  constructor(name: string, help: string, read: () => HistogramFigures) {
    super({ name, help, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#read = read;
  }

  /** prom-client asks for this one when it renders text. */
  getForPromString() {
    return this.get();
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const { bounds, counts, sum } = this.#read();
    let count = 0;
    const values: Array<MetricValueWithName<string>> = [...bounds, '+Inf'].map((le, at) => {
      count += counts[at] ?? 0;
      return { metricName: `${this.#name}_bucket`, labels: { le }, value: count };
    });
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: sum });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: count });
    return {
      collect: () => {},
      name: this.#name,
      help: this.#help,
      type: 'histogram' as never,
      aggregator: 'sum',
      values,
    };
  }
}
