// `make cluster`: three members of etcd and three servers of one text, until Ctrl-C. `make cluster DEMO=1`: plays a session of
// three strclnt in terminals of their own, kills a server and etcd's leader in the middle, and shows that the text is one.
//
//   node dist/test/demo/cluster.js [--demo] [port]

import { setTimeout as sleep } from 'node:timers/promises';
import { NO_ETCD, RealEtcd } from '../support/etcd.js';
import { Program } from '../support/program.js';
import { PtyProgram } from '../support/pty-program.js';
import { beside, drawPane } from './pane-layout.js';
import { PROMPT } from './transcript.js';

const SIZE = 3;
const PANE = { columns: 34, rows: 13 };
/** Between two keystrokes of the demo, for its viewers. */
const PAUSE_MS = process.env['FAST'] === '1' ? 0 : 700;

const demo = process.argv.includes('--demo');
const [firstPort = '2000'] = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument));

if (NO_ETCD === undefined) {
  await RealEtcd.with(SIZE, (etcd) => withServers(etcd, demo ? play : explain));
} else {
  process.stderr.write(`make cluster: ${NO_ETCD}\n`);
  process.exitCode = 1;
}

interface Servers {
  readonly etcd: RealEtcd;
  readonly programs: readonly Program[];
  readonly ports: readonly number[];
}

async function withServers(etcd: RealEtcd, use: (servers: Servers) => Promise<void>): Promise<void> {
  const urls = etcd.members.map(({ url }) => url).join();
  const programs: Program[] = [];
  const ports: number[] = [];
  try {
    for (let i = 0; i < SIZE; i += 1) {
      const port = demo ? 0 : Number(firstPort) + i;
      const program = new Program('server/strsvr.js', [String(port), '--cluster', urls]);
      programs.push(program);
      const [, bound] = await program.waitFor('stdout', /listening on .*:(\d+) /);
      ports.push(Number(bound));
    }
    await use({ etcd, programs, ports });
  } finally {
    for (const program of programs) program.child.kill('SIGTERM');
    await Promise.all(programs.map(({ finished }) => finished));
  }
}

/** All servers, beginning with one of them, as strclnt takes them. */
function addresses(ports: readonly number[], first: number): string {
  return [...ports.slice(first), ...ports.slice(0, first)].map((port) => `127.0.0.1:${port}`).join();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// --- until Ctrl-C ---

async function explain({ etcd, programs, ports }: Servers): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  say(`etcd:    ${etcd.members.map(({ url }) => url).join(' ')}`);
  for (const [i, { child }] of programs.entries())
    say(`strsvr:  127.0.0.1:${ports[i]}, process ${child.pid}`);
  say('\nIn three more terminals, one text:');
  for (const i of ports.keys()) say(`  node dist/client/strclnt.js ${addresses(ports, i)}`);
  say(`\nIn a fourth, end a server while you type (its client goes on at the next):`);
  say(`  kill -9 ${programs[0]?.child.pid}\n\nCtrl-C ends everything.`);
  for (const [i, { child }] of programs.entries()) {
    child.stderr?.on('data', (lines: Buffer) => {
      for (const line of lines.toString().trimEnd().split('\n')) say(`strsvr ${ports[i]}: ${line}`);
    });
  }
  await stopped;
}

// --- DEMO=1 ---

async function play({ etcd, programs, ports }: Servers): Promise<void> {
  const clients = ports.map(() => new PtyProgram('client/strclnt.js', { columns: 250 }));
  const show = (caption: string) => {
    const panes = clients.map(({ lines }, i) => drawPane({ title: `client ${i + 1}`, lines }, PANE));
    say(`\n${caption}\n${beside(...panes).join('\n')}`);
  };
  try {
    for (const [i, client] of clients.entries()) {
      client.start(addresses(ports, i));
      await client.waitFor('its prompt', (lines) => lines.at(-1) === PROMPT);
    }
    for (const [i, client] of clients.entries()) await type(client, 'abc'.charAt(i));
    show('Three clients on three servers: each letter is appended to one string.');
    programs[1]?.kill();
    await programs[1]?.finished;
    const [one, two, three] = clients as [PtyProgram, PtyProgram, PtyProgram];
    await type(one, 'd');
    await type(two, 'e', 'it is unknown whether e is in the text');
    await type(two, 'f');
    show('Server 2 was killed: client 2 says so, and goes on at server 3.');
    await (await etcd.leader()).kill();
    for (const [i, client] of [one, two, three].entries()) await type(client, 'ghi'.charAt(i));
    show("Etcd's leader was killed: the others elected another one, and nothing is lost.");
    const text = replyOf(three);
    const same = text === 'abcdfghi' || text === 'abcdefghi'; // e may be in the text, once
    say(same ? `\nThe string is one: ${text}` : `\nWRONG: the text is ${text}`);
    if (!same) process.exitCode = 1;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Types a letter and waits for its reply, or for a note and no reply. */
async function type(client: PtyProgram, letter: string, note?: string): Promise<void> {
  await sleep(PAUSE_MS);
  client.type(`${letter}\r`);
  const shown = (lines: readonly string[]) =>
    lines.at(-1) === PROMPT &&
    (note === undefined ? (lines.at(-2) ?? '').endsWith(letter) : lines.join('').includes(note));
  await client.waitFor(note ?? `the reply to ${letter}`, shown);
}

function replyOf({ lines }: PtyProgram): string {
  return lines.at(-2) ?? '';
}
