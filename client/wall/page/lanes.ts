// The lanes: what each client did in the last 20 seconds, drawn on a canvas.

import type { ClientTracks } from '../timeline.js';
import { type ClientState, WAITING_STATES } from '../wording.js';
import { hueVariable, LINE_STYLES, lineStyle } from './dom.js';

export const WINDOW_MS = 20_000;
/** Of a lane's height. */
const BAR = 0.46;
const STRIPE_PX = 7;

/** The colours of the theme, read once: asking for a style is slow. */
const colors = new Map<string, string>();

/** Call when the theme has changed. */
export function forgetColors(): void {
  colors.clear();
}

function color(variable: string): string {
  const known = colors.get(variable);
  if (known !== undefined) return known;
  // A variable holds light-dark(…): only a property resolves it.
  const probe = document.createElement('i');
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  colors.set(variable, value);
  return value;
}

/** @param now the time at the right edge */
export function drawLane(canvas: HTMLCanvasElement, tracks: ClientTracks, hue: number, now: number): void {
  const [width, height] = fit(canvas);
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  const from = now - WINDOW_MS;
  const x = (at: number) => (width * (Math.max(at, from) - from)) / WINDOW_MS;
  const since = tracks.info.times[0] ?? now;
  line(context, x(since), width, height / 2, 2, color('--rule'));
  for (const { state, begin, end } of segments(tracks, from, now))
    drawState(context, state, [x(begin), x(end)], height, hue);
  drawLetters(context, tracks, from, now, x, height, hue);
}

/** What a state looks like, for the legend. */
export function drawSample(canvas: HTMLCanvasElement, sample: ClientState | 'letter'): void {
  const [width, height] = fit(canvas);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  line(context, 0, width, height / 2, 2, color('--rule'));
  if (sample === 'letter') tick(context, 'a', width / 2, height, 0, true);
  else drawState(context, sample, [0, width], height, 0);
}

interface Segment {
  readonly state: ClientState;
  readonly begin: number;
  readonly end: number;
}

function segments({ status, info }: ClientTracks, from: number, now: number): Segment[] {
  const before = status.at(from);
  const changes = [...(before ? [[from, before] as const] : []), ...status.between(from, now)];
  return changes.map(([at, { state, since }], index) => ({
    state,
    // A wait began before the sample that has shown it.
    begin: WAITING_STATES.has(state) ? Math.max(since, info.times[0] ?? 0) : at,
    end: changes[index + 1]?.[0] ?? now,
  }));
}

function drawState(
  context: CanvasRenderingContext2D,
  state: ClientState,
  [left, right]: readonly [number, number],
  height: number,
  hue: number,
) {
  const [middle, bar] = [height / 2, height * BAR];
  const width = Math.max(1, right - left);
  const own = color(hueVariable(hue));
  context.fillStyle = color('--waits');
  switch (state) {
    case 'unread':
    case 'unanswered':
      return context.fillRect(left, middle - bar / 2, width, bar);
    case 'notAccepted':
      for (let at = Math.ceil(left / STRIPE_PX) * STRIPE_PX; at < right; at += STRIPE_PX)
        context.fillRect(at, middle - bar / 2, STRIPE_PX / 2, bar);
      return;
    case 'awaited':
      line(context, left, right, middle - bar / 2, 2.5, own);
      return line(context, left, right, middle + bar / 2, 2.5, own);
    case 'ownThread':
      line(context, left, right, middle - bar / 4, 1.25, own);
      return line(context, left, right, middle + bar / 4, 1.25, own);
    case 'notReading':
      return line(context, left, right, middle, 4, color('--waits'));
    case 'left':
      return line(context, left, right, middle, 2, color('--paper'), [3, 5]);
    case 'silent':
      return;
  }
}

/** Letters that would overlap are ticks alone. */
function drawLetters(
  context: CanvasRenderingContext2D,
  { letters }: ClientTracks,
  from: number,
  now: number,
  x: (at: number) => number,
  height: number,
  hue: number,
): void {
  let free = Number.NEGATIVE_INFINITY;
  const glyph = fontSize(height) * 0.72;
  for (const [at, letter] of letters.between(from, now)) {
    const position = x(at);
    const fits = position - glyph / 2 >= free;
    if (fits) free = position + glyph / 2;
    tick(context, letter, position, height, hue, fits);
  }
}

function tick(
  context: CanvasRenderingContext2D,
  letter: string,
  x: number,
  height: number,
  hue: number,
  withLetter: boolean,
): void {
  const size = fontSize(height);
  const top = Math.max(size, height * 0.52);
  context.setLineDash(lineStyle(hue) === LINE_STYLES[1] ? [3, 2] : []);
  context.strokeStyle = color(hueVariable(hue));
  context.lineWidth = 3;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, height - 2);
  context.stroke();
  context.setLineDash([]);
  if (!withLetter) return;
  context.font = `600 ${size}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace`;
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = color('--paper');
  context.strokeText(letter, x, top - 3);
  context.fillStyle = color('--ink');
  context.fillText(letter, x, top - 3);
}

function fontSize(height: number): number {
  return Math.round(Math.min(22, Math.max(11, height * 0.46)));
}

function line(
  context: CanvasRenderingContext2D,
  left: number,
  right: number,
  y: number,
  width: number,
  stroke: string,
  dash: number[] = [],
): void {
  context.setLineDash(dash);
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(right, y);
  context.stroke();
  context.setLineDash([]);
}

/** Gives the canvas as many pixels as it takes on the screen. @returns its size in CSS pixels */
function fit(canvas: HTMLCanvasElement): readonly [width: number, height: number] {
  const { clientWidth, clientHeight } = canvas;
  const [width, height] = [clientWidth, clientHeight].map((length) => Math.round(length * devicePixelRatio));
  if (canvas.width !== width) canvas.width = width ?? 0;
  if (canvas.height !== height) canvas.height = height ?? 0;
  return [clientWidth, clientHeight];
}
