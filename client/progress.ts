// A progress bar on stderr if that is a terminal.

import cliProgress from 'cli-progress';

export class Progress {
  readonly #bar: cliProgress.SingleBar;
  #started = false;

  /** @param format what stands beside the bar, with cli-progress's names in braces, and `{what}` */
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

  /** Hides the bar until something is shown again. */
  stop(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}
