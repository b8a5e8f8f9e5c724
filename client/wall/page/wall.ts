// The wall's page: live from the stream of events, or a recording. It keeps the last minutes, so that they can be shown again.

import { Timeline } from '../timeline.js';
import type { Keyframe, WallEvent } from '../wall-event.js';
import { Controls } from './controls.js';
import { byId, reducedMotion, setText } from './dom.js';
import { forgetColors } from './lanes.js';
import { Panel } from './panel.js';
import { People } from './people.js';
import { TeacherControls } from './teacher.js';
import { TextView } from './text-view.js';

const KEPT_MS = 15 * 60_000;
const PRUNE_MS = 30_000;
const FRAME_MS = 66;
const SLOW_FRAME_MS = 1_000;
/** Events are shown so much later, so that those of one sample appear together. */
const LAG_MS = 150;

const timeline = new Timeline();
const [panel, people, textView] = [new Panel(), new People(), new TextView()];
/** The largest difference of an event's time to this page's clock: that of the event with the least delay. */
let ahead = Number.NEGATIVE_INFINITY;
let replayStarted: number | undefined;
let startedAt: number | undefined;
let teacher: TeacherControls | undefined;

const controls = new Controls(timeline, liveTime, () => {
  forgetColors();
  textView.reset();
  draw();
});
TeacherControls.fromAddress((ready) => {
  teacher = ready;
  people.actions = (client) => ready.buttons(client);
});

function liveTime(): number {
  if (replayStarted !== undefined)
    return Math.min(timeline.last, timeline.first + performance.now() - replayStarted);
  if (ahead === Number.NEGATIVE_INFINITY) return 0;
  return Math.max(timeline.first, performance.now() + ahead - LAG_MS);
}

function draw(): void {
  const moment = timeline.at(controls.time);
  panel.show(timeline, moment);
  people.show(moment);
  textView.show(timeline, moment.length);
  controls.show();
  teacher?.showLocked(moment.locked);
}

let drawnAt = 0;
let legend = '';
function animate(now: number): void {
  const interval = reducedMotion.matches ? SLOW_FRAME_MS : FRAME_MS;
  if (now - drawnAt >= interval) {
    drawnAt = now;
    draw();
    const theme = `${document.documentElement.dataset['theme']} ${innerWidth}`;
    if (theme !== legend) people.showLegend();
    legend = theme;
  }
  requestAnimationFrame(animate);
}

function take(event: WallEvent): void {
  if (event.type === 'keyframe') showJoin(event);
  timeline.apply(event);
}

function showJoin({ join }: Keyframe): void {
  setText(byId('url', HTMLElement), join.replace('http://', ''));
  setText(byId('large-url', HTMLElement), join.replace('http://', ''));
}

function connect(): void {
  const source = new EventSource('/events');
  source.onmessage = ({ data }) => {
    const event: WallEvent = JSON.parse(data);
    if (event.type === 'keyframe') {
      if (startedAt !== undefined && startedAt !== event.startedAt) return location.reload(); // another wall
      startedAt = event.startedAt;
    }
    ahead = Math.max(ahead, event.at - performance.now());
    take(event);
    document.body.classList.remove('lost');
  };
  source.onerror = () => {
    document.body.classList.add('lost');
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, 1_000);
  };
}

async function start(): Promise<void> {
  const recording = await fetch('/recording');
  if (recording.status === 200) {
    document.body.classList.add('replay');
    for (const line of (await recording.text()).split('\n')) if (line !== '') take(JSON.parse(line));
    replayStarted = performance.now();
  } else {
    for (const id of ['qr', 'large-qr']) byId(id, HTMLImageElement).src = '/qr.svg'; // a recording has none
    connect();
    setInterval(() => timeline.prune(timeline.last - KEPT_MS), PRUNE_MS);
  }
  requestAnimationFrame(animate);
}

void start();
