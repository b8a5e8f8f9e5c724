// The commands that show a mutation's symptom, as a student types them. They must show it on the mutant and not on the
// unchanged server.
//
//   node dist/test/mutations/trial.js [name ...]      only the mutations of these names

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { OrphanTracker } from '../support/orphan-tracker.js';
import { built } from '../support/program.js';
import { freePort } from '../support/servers.js';
import { compileMutant, writeMutant } from './mutant.js';
import { MUTATIONS, type Mutation, type Trial } from './mutations.js';

/** A sign that has not appeared in this time counts as absent. */
const NEVER_MS = 30_000;

export interface Commands {
  readonly server: string;
  readonly client: string | undefined;
}

/** The commands for two terminals, whose working directory is this one. */
export function commands(trial: Trial, folder: string, port: number): Commands {
  const here = (path: string) => `node ${relative(process.cwd(), built(path))}`;
  const fill = (command: string) =>
    command
      .replaceAll('HERE', folder)
      .replaceAll('PORT', String(port))
      .replaceAll('STRCLNT', here('client/strclnt.js'))
      .replaceAll('STRLAB', here('client/lab/strlab.js'));
  const { disk, preload = disk && 'fs-fault-preload.js' } = trial;
  const broken = disk === undefined ? '' : `BROKEN_DISK=${disk} `;
  const path = folder.startsWith('/') ? folder : `./${folder}`; // so that --import takes it for a file
  const loaded = preload === undefined ? '' : ` --import ${path}/dist/test/support/${preload}`;
  const through = trial.through === undefined ? '' : `${trial.through} `;
  const clean = trial.args.includes('--journal') ? 'rm -f HERE/text; ' : '';
  const args = [port, ...trial.args].join(' ');
  const server = `${clean}${broken}${through}node${loaded} HERE/dist/server/strsvr.js ${args}`;
  return { server: fill(server), client: trial.client && fill(trial.client) };
}

export interface Seen {
  /** Whether the sign of the unchanged server, and that of the mutant, appeared. */
  readonly right: boolean;
  readonly wrong: boolean;
  readonly output: string;
}

/** Runs a trial with the compiled server in `folder` until one of its signs appears, or NEVER_MS. */
export async function observe(trial: Trial, folder: string): Promise<Seen> {
  const { server, client } = commands(trial, folder, await freePort());
  const orphans = new OrphanTracker('ORPHANS_OF_STRSVR_TRIAL');
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  let output = '';
  const shown = (pattern: RegExp | undefined) => pattern?.test(output) === true;
  const done = () => shown(trial.right.sign) || shown(trial.wrong.sign);
  const deadline = performance.now() + NEVER_MS;
  const until = async (condition: () => boolean) => {
    while (!condition() && performance.now() < deadline) await sleep(20);
  };
  const start = (command: string) => {
    const child = spawn('sh', ['-c', command], {
      env: { ...env, ...orphans.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    return child;
  };
  try {
    const first = start(server);
    await until(() => /listening on/.test(output) || first.exitCode !== null);
    if (client !== undefined) start(client);
    if (trial.interrupt && first.pid !== undefined) {
      await until(() => /client 1 accepted/.test(output));
      await sleep(1000);
      process.kill(-first.pid, 'SIGINT');
    }
    await until(done);
    return {
      right: shown(trial.right.sign),
      wrong: trial.wrong.sign ? shown(trial.wrong.sign) : !done(),
      output,
    };
  } finally {
    orphans.endAll();
  }
}

/** @returns what contradicts the trial; undefined: only the mutant shows the symptom */
export async function prove(mutation: Mutation): Promise<string | undefined> {
  for (const wrong of [true, false]) {
    const folder = mkdtempSync(join(tmpdir(), 'strsvr-trial-'));
    try {
      writeMutant(wrong ? mutation : { ...mutation, replace: mutation.find }, folder);
      const compiled = await compileMutant(folder);
      if (compiled.status !== 0) return compiled.stdout;
      const seen = await observe(mutation.trial, folder);
      const matches = seen.wrong === wrong && seen.right === !wrong;
      if (!matches) return `${wrong ? 'mutant' : 'unchanged server'}: ${JSON.stringify(seen, null, 2)}`;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  for (const mutation of MUTATIONS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const wrong = await prove(mutation);
    process.stdout.write(`${mutation.name.padEnd(42)} ${wrong ?? 'shown'}\n`);
    if (wrong !== undefined) process.exitCode = 1;
  }
}
