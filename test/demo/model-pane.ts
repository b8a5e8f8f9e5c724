// One pane of act two: a server with one I/O model, client 1, which is out to lunch, and client 2, which types. All three
// run in terminals of their own. What their screens show is counted; CPU and threads come from the kernel.

import { LETTERS, type Model, type Observed, WORD } from './expectations.js';
import type { Pane } from './pane-layout.js';
import { ProcessMonitor } from './process-stats.js';
import { portOf, some, terminal } from './terminals.js';
import { PROMPT } from './transcript.js';

/** Columns of the left one of two terminals in a pane: its longest line. */
const LEFT_COLUMNS = 'client 1, at lunch'.length;

export class ModelPane {
  readonly model: Model;
  readonly client2 = terminal('client/strclnt.js');
  observed: Observed = { answered: 0, cpu: undefined, clientThreads: 0, blocked: false };
  readonly #server = terminal('server/strsvr.js');
  readonly #client1 = terminal('client/strclnt.js');
  #monitor: ProcessMonitor | undefined;
  #port = '';
  #client1State = '';

  constructor(model: Model) {
    this.model = model;
  }

  async startServer(): Promise<void> {
    this.#server.start('0', '--io', this.model, '--verbose');
    this.#port = await portOf(this.#server);
    this.#monitor = new ProcessMonitor(this.#server.pid);
  }

  async startClient1(): Promise<void> {
    this.#client1.start(this.#port);
    await this.#client1.waitFor('its prompt', isPrompted);
    await this.#server.waitFor('client 1', some('client 1 accepted '));
    this.#client1State = ', at lunch';
  }

  /** In `blocking` the server does not accept it. */
  async startClient2(): Promise<void> {
    this.client2.start(this.#port);
    await this.client2.waitFor('its prompt', isPrompted);
  }

  async endLunch(): Promise<void> {
    this.#client1.type('\r');
    await this.#client1.exited;
    this.#client1State = ', gone';
  }

  observe(): void {
    const sample = this.#monitor?.sample();
    this.observed = {
      answered: answeredOn(this.client2.lines),
      cpu: sample?.cpu,
      clientThreads: sample?.newThreads ?? 0,
      blocked: some('all clients wait for ')(this.#server.lines),
    };
  }

  /** Both clients' screens, the last line of the server's log, and what is observed. */
  get pane(): Pane {
    const { answered, cpu, clientThreads } = this.observed;
    // If the status takes two rows, it is not broken here.
    const threads = `${clientThreads}\u00a0client\u00a0thread${clientThreads === 1 ? '' : 's'}`;
    const left = [`client 1${this.#client1State}`, ...this.#client1.lines];
    const right = ['client 2', ...this.client2.lines];
    const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, row) => row);
    return {
      title: `strsvr --io ${this.model}`,
      lines: rows.map((row) => `${(left[row] ?? '').padEnd(LEFT_COLUMNS)} │ ${right[row] ?? ''}`),
      footer: this.#server.lines.findLast((line) => !/: wrote /.test(line)) ?? '',
      status: `answered ${answered} of ${LETTERS}, CPU ${cpu?.used ?? '…'} %, ${threads}`,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#client1.close(), this.client2.close()]);
    await this.#server.close();
  }
}

function isPrompted(lines: readonly string[]): boolean {
  return lines.at(-1) === PROMPT;
}

/** A letter is answered when the client shows the whole string and prompts for the next letter. */
function answeredOn(lines: readonly string[]): number {
  const replies = lines
    .filter((_, row) => lines[row + 1]?.startsWith(PROMPT))
    .map((line) => line.replace(PROMPT, '')); // letters typed ahead are not shown again: the reply follows the prompt
  const wrong = replies.findIndex((reply, index) => reply !== WORD.slice(0, index + 1));
  return wrong < 0 ? replies.length : wrong;
}
