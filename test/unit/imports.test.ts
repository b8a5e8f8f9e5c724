// The import graph of the sources: its direction, its size, and no cycles. A room is a folder of server/.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built } from '../support/program.js';

const ROOT = built('..');
const MAX_ROOMS = 10;
const MAX_ARROWS = 20;
/** `import … from './x.js'`, `import './x.js'`, `export … from`, `import('./x.js')`; packages are left out. */
const IMPORT = /^(?:import|export)\b[^;'"]*'(\.[^']+)\.js'|\bimport\('(\.[^']+)\.js'\)/gm;

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** From each file of these folders to the files that it imports, as paths without `.ts`. */
function fileGraph(folders: readonly string[]): Graph {
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  return new Map(
    files.map((file) => {
      const imports = [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)];
      const targets = imports.map(([, from, call]) => normalize(join(dirname(file), from ?? call ?? '')));
      return [file.replace(/\.ts$/, ''), new Set(targets)];
    }),
  );
}

/** The same between the folders `place` gives for the files; undefined leaves a file out. */
function between(graph: Graph, place: (file: string) => string | undefined): Graph {
  const places = new Map<string, Set<string>>();
  for (const [file, targets] of graph) {
    const from = place(file);
    if (from === undefined) continue;
    const to = places.get(from) ?? new Set();
    for (const target of [...targets].map(place)) if (target !== undefined && target !== from) to.add(target);
    places.set(from, to);
  }
  return places;
}

/** A path that returns to its start, or undefined. */
function cycle(graph: Graph): string | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' -> ');
    if (done.has(node)) return undefined;
    for (const target of graph.get(node) ?? []) {
      const found = visit(target, [...path, node]);
      if (found !== undefined) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

const files = fileGraph(['server', 'client', 'shared']);
const room = (file: string) => /^server\/([\w-]+)\//.exec(file)?.[1];

test('server and client import shared and not each other; shared imports neither', () => {
  const folders = between(files, (file) => file.split('/')[0]);
  const arrows = [...folders].map(([from, to]) => [from, [...to]]);
  assert.equal(arrows, [
    ['server', ['shared']],
    ['client', ['shared']],
    ['shared', []],
  ]);
});

test('the rooms of server have no cycle, and only string-server.ts and strsvr.ts know them all', () => {
  const rooms = between(files, room);
  assert.is(cycle(rooms), undefined);
  for (const targets of rooms.values()) assert.not(targets.has('string-server'));
  for (const [file, targets] of files) {
    const upwards =
      room(file) !== undefined && [...targets].some((target) => /^server\/[\w-]+$/.test(target));
    assert.not(upwards, `${file} imports a file above the rooms`);
  }
});

test(`server has at most ${MAX_ROOMS} rooms and ${MAX_ARROWS} arrows between them`, () => {
  const rooms = between(files, room);
  const arrows = [...rooms].flatMap(([from, to]) => [...to].map((target) => `${from} -> ${target}`));
  assert.ok(rooms.size <= MAX_ROOMS, [...rooms.keys()].join(', '));
  assert.ok(arrows.length <= MAX_ARROWS, `${arrows.length}: ${arrows.sort().join(', ')}`);
});

test('no file imports itself over others', () => {
  assert.is(cycle(files), undefined);
});

test('koffi is imported in shared/libc only', () => {
  for (const file of files.keys()) {
    const koffi = /(?:from|import\(|require\() ?'koffi'/.test(readFileSync(join(ROOT, `${file}.ts`), 'utf8'));
    assert.ok(!koffi || file.startsWith('shared/libc/'), file);
  }
});

test.run();
