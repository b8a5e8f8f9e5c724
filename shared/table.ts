// Text in columns for a terminal: each column is as wide as its widest cell.

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
