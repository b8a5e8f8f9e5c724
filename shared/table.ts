// Text for a terminal: tables, whose columns are as wide as their widest cells, and lines that are cut between words.

const GAP = '  ';

/** @param numeric whether a column holds numbers, which are aligned right */
export function formatTable(
  rows: ReadonlyArray<readonly string[]>,
  numeric: (column: number) => boolean = () => false,
): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = (rows[0] ?? []).map((_, column) => width(column));
  const pad = (cell: string, column: number) =>
    numeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join(GAP).trimEnd());
}

/** Cuts a line into rows of at most this many characters, between words where it can; the rows after the first are indented. */
export function wrap(line: string, width: number, indent = ''): string[] {
  if (line.length <= width) return [line];
  const space = line.lastIndexOf(' ', width);
  const end = space > indent.length ? space : width;
  return [line.slice(0, end), ...wrap(indent + line.slice(end).trimStart(), width, indent)];
}
