// All experiments, in the order in which they are run and reported. To add one, add a file to experiments/ (or to
// comparisons/, which `strlab bench` runs) that exports it as its default.

import { readdirSync } from 'node:fs';
import type { Experiment } from './experiment.js';

export const EXPERIMENTS = await readFolder('experiments');
export const COMPARISONS = await readFolder('comparisons');

async function readFolder(name: string): Promise<readonly Experiment[]> {
  const folder = new URL(`${name}/`, import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  const experiments = modules.map((module) => module.default as Experiment);
  return experiments.toSorted((one, other) => one.order - other.order);
}
