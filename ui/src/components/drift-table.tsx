/**
 * Drift of each input column, one cell per window: a strip to see when it began, the newest score as a number.
 */
import type { MonitoringWindow } from '../api/types';
import { number } from '../format/number';
import { day } from '../format/time';
import { Empty } from './answer';
import { Num, State } from './show';
import { Table, type Column } from './table';

interface Row {
  column: string;
  cells: { window: MonitoringWindow; score: number | null; drifted: boolean | null }[];
}

const NEWEST = 40;

export function DriftTable({ windows }: { windows: MonitoringWindow[] }) {
  const rows = driftRows(windows.toSorted((a, b) => a.end - b.end).slice(-NEWEST));
  if (rows.length === 0) return <Empty>No drift check has run on these windows.</Empty>;
  return <Table label="Drift" rows={rows} columns={columns} keyOf={(row) => row.column} />;
}

export function driftRows(windows: MonitoringWindow[]): Row[] {
  const names = [...new Set(windows.flatMap((window) => Object.keys(window.drift)))].toSorted();
  return names.map((column) => ({
    column,
    cells: windows.map((window) => {
      const drift = window.drift[column];
      return { window, score: drift?.score ?? null, drifted: drift?.drifted ?? null };
    }),
  }));
}

/** The newest window in which the column was looked at. */
function newest(row: Row) {
  return row.cells.findLast((cell) => cell.drifted !== null || cell.score !== null);
}

function wordOf(drifted: boolean | null | undefined): string {
  if (drifted === null || drifted === undefined) return 'unknown';
  return drifted ? 'alert' : 'ok';
}

const columns: Column<Row>[] = [
  { id: 'column', title: 'Column', cell: (row) => row.column },
  {
    id: 'now',
    title: 'Now',
    cell: (row) => {
      const drifted = newest(row)?.drifted;
      return <State of={wordOf(drifted)}>{drifted === true ? 'drifted' : drifted === false ? 'stable' : 'unknown'}</State>;
    },
  },
  { id: 'score', title: 'Score', right: true, cell: (row) => <Num value={newest(row)?.score} digits={3} /> },
  { id: 'strip', title: 'Windows', cell: (row) => <Strip row={row} /> },
];

function Strip({ row }: { row: Row }) {
  const drifted = row.cells.filter((cell) => cell.drifted === true).length;
  return (
    <span className="strip" role="img" aria-label={`${row.column}: drifted in ${drifted} of ${row.cells.length} windows`}>
      {row.cells.map((cell) => (
        <span
          key={cell.window.end}
          className={`cell cell-${wordOf(cell.drifted)}`}
          title={`to ${day(cell.window.end)}: ${number(cell.score, 3)} ${cell.drifted === null ? '(unknown)' : cell.drifted ? '(drifted)' : '(stable)'}`}
        />
      ))}
    </span>
  );
}
