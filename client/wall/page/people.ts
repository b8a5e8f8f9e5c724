// The table of clients: a row for each with its name, its lane, its state in words and its letters.

import type { ClientMoment, Moment } from '../timeline.js';
import { duration, SHORT_WORDS, WAITING_STATES, WORDS } from '../wording.js';
import { byId, create, hueVariable, lineStyle, narrow, setText } from './dom.js';
import { drawLane, drawSample } from './lanes.js';

interface Row {
  readonly row: HTMLTableRowElement;
  readonly name: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly state: HTMLElement;
  readonly letters: HTMLElement;
  readonly actions: HTMLElement;
}

const LEGEND = [
  ['awaited', 'the server sleeps in a receive for it'],
  ['unread', 'has sent, is not read'],
  ['notAccepted', 'is not even accepted'],
  ['letter', 'a letter was appended'],
  ['silent', 'silent'],
] as const;

export class People {
  readonly #body = byId('rows', HTMLTableSectionElement);
  readonly #empty = byId('empty', HTMLElement);
  readonly #joined = byId('joined', HTMLElement);
  readonly #rows = new Map<number, Row>();
  readonly #samples: Array<readonly [HTMLCanvasElement, (typeof LEGEND)[number][0]]> = [];
  /** Buttons for a teacher. */
  actions: (client: ClientMoment) => readonly HTMLElement[] = () => [];

  constructor() {
    byId('scroll', HTMLElement).tabIndex = 0; // it can be scrolled by keyboard
    for (const [sample, words] of LEGEND) {
      const canvas = create('canvas', '');
      canvas.setAttribute('aria-hidden', 'true');
      this.#samples.push([canvas, sample]);
      byId('legend', HTMLElement).append(create('li', '', canvas, words));
    }
  }

  show({ at, clients, verdict }: Moment): void {
    const present = new Set(clients.map(({ info }) => info.id));
    for (const [id, { row }] of this.#rows) {
      if (present.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    document.documentElement.style.setProperty('--rows', String(Math.max(1, clients.length)));
    this.#empty.hidden = clients.length > 0;
    for (const client of clients) this.#showClient(client, at, verdict.blockers.includes(client.info.id));
    const count = (kind: string) => clients.filter(({ info }) => info.kind === kind).length;
    const bots = count('bot');
    setText(
      this.#joined,
      `${count('phone')} joined from phones, ${count('terminal')} in terminals${bots > 0 ? `, ${bots} bots` : ''}`,
    );
  }

  /** The legend's pictures, when the theme has changed. */
  showLegend(): void {
    for (const [canvas, sample] of this.#samples) drawSample(canvas, sample);
  }

  #showClient(client: ClientMoment, at: number, blocks: boolean): void {
    const { info, status, letters, tracks } = client;
    const shown = this.#rows.get(info.id) ?? this.#add(client);
    const waits = WAITING_STATES.has(status.state);
    setText(shown.name, info.muted ? `${info.name} (muted)` : info.name);
    shown.name.title = info.name; // a wide one may be cut
    const words = narrow.matches ? SHORT_WORDS : WORDS;
    const time = waits ? `, ${duration(Math.max(0, at - status.since))}` : '';
    setText(shown.state, `${words[status.state]}${time}`);
    setText(shown.letters, String(letters));
    shown.row.className = blocks ? 'blocks' : waits ? 'waits' : status.state;
    if (!narrow.matches) drawLane(shown.canvas, tracks, info.hue, at);
  }

  #add(client: ClientMoment): Row {
    const { info } = client;
    const key = create('span', 'key');
    const name = create('span', 'name');
    key.style.setProperty('--c', `var(${hueVariable(info.hue)})`);
    key.dataset['line'] = lineStyle(info.hue);
    const head = create('th', '', key, name);
    head.scope = 'row';
    const canvas = create('canvas', '');
    canvas.setAttribute('aria-hidden', 'true');
    const [state, letters] = [create('td', 'state'), create('td', 'count')];
    const actions = create('td', 'actions');
    const row = create('tr', '', head, create('td', 'lane', canvas), state, letters, actions);
    const shown = { row, name, canvas, state, letters, actions };
    this.#rows.set(info.id, shown);
    this.#body.append(row);
    actions.replaceChildren(...this.actions(client));
    return shown;
  }
}
