// The phone's page: a name, then letters. Says in words whether the server answers, and for whom it waits.

import { escapeUnprintable } from '../../../shared/escape.js';
import type { PhoneMessage } from '../phone-message.js';
import { duration } from '../wording.js';
import { byId, remember, remembered, setText } from './dom.js';

const RETRY_MS = 1_500;
/** A letter that is not answered after this is shown as waiting. */
const SHOWN_AFTER_MS = 500;
const TICK_MS = 100;
const POLICY = 1008;

const verdict = byId('verdict', HTMLElement);
const letter = byId('letter', HTMLInputElement);
const nameInput = byId('name', HTMLInputElement);
let socket: WebSocket | undefined;
/** When each unanswered letter was sent. */
const sent: number[] = [];
let waitsFor = '';
/** The server sleeps until this phone sends. */
let awaited = false;
let calm: readonly [string, string] = [
  'Type a letter',
  'It goes to the server at once, and the whole string comes back.',
];
/** The server has rejected this phone: it does not try again by itself. */
let rejected = false;

function token(): string {
  const known = remembered('token');
  if (known !== undefined) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs a secure context
  const made = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  remember('token', made);
  return made;
}

const myToken = token();

function connect(): void {
  if (socket !== undefined && socket.readyState <= WebSocket.OPEN) return;
  const query = new URLSearchParams({ name: nameInput.value, token: myToken });
  const opened = new WebSocket(`ws://${location.host}/ws?${query}`);
  socket = opened;
  sent.length = 0;
  say('Connecting', '', false);
  opened.onmessage = ({ data }) => take(JSON.parse(data));
  opened.onclose = ({ code, reason }) => {
    if (socket !== opened) return;
    setText(byId('connection', HTMLElement), 'not connected');
    sent.length = 0;
    rejected = code === POLICY;
    say(rejected ? 'Not joined' : 'The connection is gone', reason || 'Trying again.', true);
    if (rejected) showForms(false);
    else setTimeout(connect, RETRY_MS);
  };
}

function take(message: PhoneMessage) {
  if (message.type === 'welcome') {
    setText(byId('title', HTMLElement), message.title);
    setText(byId('me', HTMLElement), message.name);
    setText(byId('connection', HTMLElement), 'a TCP connection of your own');
    showForms(true);
    return show();
  }
  if (message.type === 'dropped') {
    sent.pop();
    return show();
  }
  const cut = new TextEncoder().encode(message.tail).length < message.offset;
  setText(byId('text', HTMLElement), `${cut ? '…' : ''}${escapeUnprintable(message.tail)}`);
  setText(
    byId('length', HTMLElement),
    message.offset === 1 ? '1 byte' : `${message.offset.toLocaleString('en')} bytes`,
  );
  if (message.type === 'state') {
    waitsFor = message.waitsFor;
    awaited = message.state === 'awaited';
    if (message.muted) calm = ['You are muted', 'Your letters are not sent.'];
    else if (calm[0] === 'You are muted') calm = ['Type a letter', ''];
  } else {
    sent.shift();
    const ms = message.ms < 1000 ? `${Math.max(1, Math.round(message.ms))} ms` : duration(message.ms);
    calm = [`Answered in ${ms}`, 'Your letter was the last of the string then.'];
  }
  show();
}

function show() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const [first] = sent;
  const waited = first === undefined ? 0 : performance.now() - first;
  if (waited < SHOWN_AFTER_MS)
    return say(calm[0], awaited ? 'The server waits for your next letter.' : calm[1], false);
  const lie = sent.length === 1 ? 'Your letter lies' : `Your ${sent.length} letters lie`;
  const server = waitsFor === '' ? 'The server does something else.' : `The server waits for ${waitsFor}.`;
  say(`Not answered for ${duration(waited)}`, `${server} ${lie} in the kernel, unread.`, true);
}

function say(headline: string, why: string, waiting: boolean): void {
  setText(verdict, headline);
  verdict.className = waiting ? 'waiting' : 'calm';
  setText(byId('why', HTMLElement), why);
  const spoken = waiting ? `Not answered. ${why}` : headline;
  setText(byId('status', HTMLElement), spoken);
}

function showForms(joined: boolean): void {
  byId('name-form', HTMLFormElement).hidden = joined;
  byId('letter-form', HTMLFormElement).hidden = !joined;
  byId('text-section', HTMLElement).hidden = !joined;
  if (joined) letter.focus();
}

byId('name-form', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  remember('name', nameInput.value);
  connect();
};
byId('letter-form', HTMLFormElement).onsubmit = (event) => event.preventDefault();
// Keyboards of phones report no key, only what is in the field.
letter.oninput = (event) => {
  if (event instanceof InputEvent && event.isComposing) return;
  sendLetters();
};
letter.addEventListener('compositionend', sendLetters);

function sendLetters(): void {
  const letters = [...letter.value];
  letter.value = '';
  if (socket?.readyState !== WebSocket.OPEN) return;
  for (const one of letters) {
    sent.push(performance.now());
    socket.send(one);
  }
}

// Phones end sockets without a word while the page is not shown.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && socket !== undefined && !rejected) connect();
});
addEventListener('pageshow', ({ persisted }) => {
  if (persisted && socket !== undefined) {
    socket.close();
    connect();
  }
});
setInterval(show, TICK_MS);

const name = remembered('name');
if (name !== undefined) {
  nameInput.value = name;
  connect();
} else {
  nameInput.focus();
}
