// The headline, and the panel with the server's figures and its threads.

import type { Moment, Timeline } from '../timeline.js';
import { duration, headlineWithTime } from '../wording.js';
import { byId, create, hueVariable, setText } from './dom.js';

export class Panel {
  readonly #title = byId('title', HTMLElement);
  readonly #verdict = byId('verdict', HTMLElement);
  readonly #why = byId('why', HTMLElement);
  readonly #status = byId('status', HTMLElement);
  readonly #threads = byId('threads', HTMLElement);
  #threadsShown: unknown;

  show(timeline: Timeline, moment: Moment): void {
    const { verdict, figures, at, threads, title, lettersPerSecond } = moment;
    setText(this.#title, title);
    const waitMs = verdict.since === undefined ? 0 : at - verdict.since;
    setText(this.#verdict, headlineWithTime(verdict.headline, waitMs));
    this.#verdict.className = verdict.tone;
    setText(this.#why, verdict.why);
    setText(this.#status, `${verdict.headline}. ${verdict.why}`); // without the time: it is read aloud
    figure('io-threads', figures.ioThreads, String);
    figure('cpu', figures.cpuWanted, (share) => `${Math.round(100 * share)} %`);
    figure('memory', figures.residentMiB, (mib) => `${mib} MiB`);
    figure('rate', lettersPerSecond, (rate) => rate.toFixed(1));
    figure('longest', verdict.since === undefined ? undefined : waitMs, duration);
    figure('not-accepted', figures.notAccepted, String);
    if (threads === this.#threadsShown) return;
    this.#threadsShown = threads;
    const rows = threads.map(({ call, note, client }) => {
      const row = create('li', '', create('code', '', call), create('small', '', note));
      const info = client === undefined ? undefined : timeline.client(client);
      if (info !== undefined) row.style.setProperty('--c', `var(${hueVariable(info.hue)})`);
      return row;
    });
    this.#threads.replaceChildren(...rows);
  }
}

function figure(id: string, value: number | undefined, format: (value: number) => string): void {
  setText(byId(id, HTMLElement), value === undefined ? '–' : format(value));
}
