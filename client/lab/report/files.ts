// The files that the laboratory writes: the report, everything as JSON, and each metric of each run as a line of CSV
// (RFC 4180).

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatCsv } from '../../../shared/csv.js';
import { reasons } from '../analysis.js';
import type { Results, Run } from '../results.js';
import { report } from './report.js';

const COLUMNS = ['experiment', 'target', 'parameter', 'repeat', 'metric', 'value', 'remark', 'quick'];

/** Writes them into a folder, which is made if it is not there. @returns their paths */
export async function writeResults(folder: string, results: Results) {
  const files = {
    report: join(folder, 'report.html'),
    json: join(folder, 'results.json'),
    csv: join(folder, 'results.csv'),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(files.json, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(files.csv, resultsAsCsv(results));
  await writeFile(files.report, report(results));
  return files;
}

export function resultsAsCsv({ experiments, quick }: Results): string {
  const lines = experiments.flatMap(({ id, runs }) => runs.flatMap((run) => runLines(id, run)));
  return formatCsv([COLUMNS, ...lines.map((line) => [...line, quick ? 'quick' : ''])]);
}

/** A run without any metric has a line too, for its remark. */
function runLines(experiment: string, run: Run): Array<ReadonlyArray<string | number>> {
  const { target, parameter, repeat } = run;
  const metrics = Object.entries(run.metrics);
  return (metrics.length > 0 ? metrics : [['', '']]).map(([metric = '', value = '']) => [
    ...[experiment, target, parameter, repeat],
    ...[metric, value, reasons(run).join('; ')],
  ]);
}
