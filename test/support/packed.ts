// The package as npm packs it from this checkout, unpacked in a folder with the dependencies that npm installs with it.

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeManPages } from './man-pages.js';
import { built } from './program.js';

export const ROOT = built('..');

export interface Packed {
  /** The caller removes it. */
  readonly folder: string;
  /** Where the package is installed in that folder. */
  readonly installed: string;
  readonly tarball: string;
  /** Of the package, relative to it. */
  readonly files: readonly string[];
  readonly manPages: readonly string[];
}

/** Packs what is built, with its man pages. */
export async function packed(): Promise<Packed> {
  const manPages = writeManPages(join(ROOT, 'dist', 'man'));
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const installed = join(folder, 'node_modules', 'strsvr');
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: Array<{ path: string }> }];
  const tarball = join(folder, filename);
  mkdirSync(installed, { recursive: true });
  await promisify(execFile)('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const path of dependencies()) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  return { folder, installed, tarball, files: files.map(({ path }) => path), manPages };
}

/** The packages that npm installs with it: dependencies without devDependencies. */
function dependencies(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(lock.packages).flatMap(([path, { dev }]) =>
    path !== '' && !dev && existsSync(join(ROOT, path)) ? [path] : [],
  );
}
