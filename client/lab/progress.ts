// A bar on stderr for who watches a terminal; nothing for a file.

import cliProgress from 'cli-progress';

export class Progress {
  readonly #bar: cliProgress.SingleBar;
  #started = false;

  /** @param format what to say beside the bar, with cli-progress's names in braces, and `{what}` */
  constructor(format: string) {
    this.#bar = new cliProgress.SingleBar({
      format: `{bar} ${format}`,
      barsize: 20,
      clearOnComplete: true,
      hideCursor: true,
      stream: process.stderr,
    });
  }

  show(value: number, total: number, what = ''): void {
    if (!process.stderr.isTTY) return;
    if (!this.#started) this.#bar.start(total, value, { what });
    this.#started = true;
    this.#bar.update(value, { what });
  }

  /** Until something is shown again. */
  stop(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}
