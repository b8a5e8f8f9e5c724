// For the page that was opened with the teacher's token: buttons that mute and remove clients and lock joining. The token is in
// the address's fragment, which no server sees; it is taken out of the address at once, because a projector shows it.

import type { ClientMoment } from '../timeline.js';
import { byId, create, setText } from './dom.js';

export class TeacherControls {
  readonly #socket: WebSocket;
  readonly #lock = byId('lock', HTMLButtonElement);
  #locked = false;

  /** @returns undefined if the page was opened without a token */
  static fromAddress(onReady: (controls: TeacherControls) => void): void {
    const token = location.hash.slice(1) || sessionStorage.getItem('teacher');
    if (!token) return;
    sessionStorage.setItem('teacher', token);
    history.replaceState(null, '', location.pathname);
    const socket = new WebSocket(`ws://${location.host}/teacher`);
    socket.onopen = () => socket.send(token);
    socket.onmessage = () => onReady(new TeacherControls(socket));
    socket.onclose = () => sessionStorage.removeItem('teacher');
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#lock.hidden = false;
    document.body.classList.add('teacher');
    this.#lock.onclick = () => this.#send({ lock: !this.#locked });
  }

  showLocked(locked: boolean): void {
    this.#locked = locked;
    setText(this.#lock, locked ? 'Unlock joining' : 'Lock joining');
  }

  buttons({ info }: ClientMoment): HTMLElement[] {
    if (info.kind !== 'phone') return [];
    const mute = create('button', '', info.muted ? 'unmute' : 'mute');
    const remove = create('button', '', 'remove');
    mute.setAttribute('aria-label', `Mute ${info.name}`);
    remove.setAttribute('aria-label', `Remove ${info.name}`);
    let { muted } = info;
    mute.onclick = () => {
      muted = !muted;
      setText(mute, muted ? 'unmute' : 'mute');
      this.#send({ mute: info.id, muted });
    };
    remove.onclick = () => this.#send({ remove: info.id });
    return [mute, remove];
  }

  #send(command: object): void {
    this.#socket.send(JSON.stringify(command));
  }
}
