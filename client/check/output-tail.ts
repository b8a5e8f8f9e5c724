// The end of what a server prints. A server that prints without end is slowed down, so that strcheck is not.

import type { Readable } from 'node:stream';

const KEPT_CHARACTERS = 30_000;
/** After this many bytes the server waits. */
const BURST_BYTES = 250_000;
const PAUSE_MS = 100;

export class OutputTail {
  readonly #streams: readonly Readable[];
  #text = '';
  #burst = 0;
  #pause: NodeJS.Timeout | undefined;

  /** @param onOutput the server prints, so it does something */
  constructor(streams: ReadonlyArray<Readable | null>, onOutput: () => void) {
    this.#streams = streams.filter((stream) => stream !== null);
    for (const stream of this.#streams)
      stream.on('data', (chunk: Buffer) => {
        onOutput();
        this.#keep(chunk);
      });
  }

  get text(): string {
    return this.#text;
  }

  close(): void {
    clearTimeout(this.#pause);
    for (const stream of this.#streams) stream.destroy();
  }

  #keep(chunk: Buffer): void {
    this.#text = `${this.#text}${chunk.subarray(-KEPT_CHARACTERS).toString()}`.slice(-KEPT_CHARACTERS);
    this.#burst += chunk.length;
    if (this.#burst < BURST_BYTES) return;
    this.#burst = 0;
    for (const stream of this.#streams) stream.pause();
    this.#pause = setTimeout(() => {
      for (const stream of this.#streams) stream.resume();
    }, PAUSE_MS);
  }
}
