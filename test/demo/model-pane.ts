// One table of act two: a server with one I/O model, its client 1, who is out to lunch, and its client 2, who types. All
// three are programs of ours in terminals of their own; what is counted is what these show, and what the kernel says.

import { type Figures, LETTERS, type Model, WORD } from './expectations.js';
import type { Pane } from './pane-layout.js';
import { ProcessStats } from './process-stats.js';
import { portOf, some, terminal } from './terminals.js';
import { PROMPT } from './transcript.js';

/** Room for the left one of two terminals in a pane: its longest line. */
const LEFT_COLUMNS = 'client 1, at lunch'.length;

export class ModelPane {
  readonly model: Model;
  readonly client2 = terminal('client/strclnt.js');
  figures: Figures = { answered: 0, cpu: undefined, clientThreads: 0, everybodyWaits: false };
  readonly #server = terminal('server/strsvr.js');
  readonly #client1 = terminal('client/strclnt.js');
  #gauge: ProcessStats | undefined;
  #port = '';
  #whereIsClient1 = '';

  constructor(model: Model) {
    this.model = model;
  }

  async startServer(): Promise<void> {
    this.#server.start('0', '--io', this.model, '--verbose');
    this.#port = await portOf(this.#server);
    this.#gauge = new ProcessStats(this.#server.pid);
  }

  async startClient1(): Promise<void> {
    this.#client1.start(this.#port);
    await this.#client1.waitFor('its prompt', isAsked);
    await this.#server.waitFor('client 1', some('client 1 is '));
    this.#whereIsClient1 = ', at lunch';
  }

  /** In `blocking` the server does not even notice it. */
  async startClient2(): Promise<void> {
    this.client2.start(this.#port);
    await this.client2.waitFor('its prompt', isAsked);
  }

  async endLunch(): Promise<void> {
    this.#client1.type('\r');
    await this.#client1.exited;
    this.#whereIsClient1 = ', gone';
  }

  /** Brings the figures up to date. */
  look(): void {
    this.figures = {
      answered: answeredOn(this.client2.lines),
      cpu: this.#gauge?.cpu(),
      clientThreads: this.#gauge?.newThreads ?? 0,
      everybodyWaits: some('everybody waits for ')(this.#server.lines),
    };
  }

  /** Both clients' terminals, the last that the server has told, and the figures. */
  get pane(): Pane {
    const { answered, cpu, clientThreads } = this.figures;
    // Where the status takes two rows, it is not broken within this figure.
    const threads = `${clientThreads}\u00a0client\u00a0thread${clientThreads === 1 ? '' : 's'}`;
    const left = [`client 1${this.#whereIsClient1}`, ...this.#client1.lines];
    const right = ['client 2', ...this.client2.lines];
    const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, row) => row);
    return {
      title: `strsvr --io ${this.model}`,
      lines: rows.map((row) => `${(left[row] ?? '').padEnd(LEFT_COLUMNS)} │ ${right[row] ?? ''}`),
      footer: this.#server.lines.findLast((line) => !/: send took /.test(line)) ?? '',
      status: `answered ${answered} of ${LETTERS}, CPU ${cpu?.used ?? '…'} %, ${threads}`,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#client1.close(), this.client2.close()]);
    await this.#server.close();
  }
}

function isAsked(lines: readonly string[]): boolean {
  return lines.at(-1) === PROMPT;
}

/** A letter is answered when the client shows the whole string and asks for the next letter. */
function answeredOn(lines: readonly string[]): number {
  const replies = lines
    .filter((_, row) => lines[row + 1]?.startsWith(PROMPT))
    .map((line) => line.replace(PROMPT, '')); // letters typed ahead are not shown again: the reply follows the prompt
  const wrong = replies.findIndex((reply, index) => reply !== WORD.slice(0, index + 1));
  return wrong < 0 ? replies.length : wrong;
}
