/**
 * One row per column of a dataset: its type, what is missing, its range and its shape.
 */
import type { ColumnProfile, DatasetVersion, Profile } from '../api/types';
import { percent } from '../format/number';
import { duration, isMoment } from '../format/time';
import { Distribution } from './histogram';
import { Count, Day, Num, Value } from './show';
import { Table, type Column } from './table';

export function ProfileTable({ profile, schema }: { profile: Profile; schema: NonNullable<DatasetVersion['schema']> }) {
  const nullable = new Map(schema.map((column) => [column.name, column.nullable]));
  return <Table label="Columns" rows={profile.columns} columns={columnsOf(profile.rows, nullable)} keyOf={(row) => row.name} />;
}

const columnsOf = (rows: number, nullable: Map<string, boolean>): Column<ColumnProfile>[] => [
  { id: 'name', title: 'Column', cell: (row) => <strong>{row.name}</strong> },
  {
    id: 'type',
    title: 'Type',
    cell: (row) => (
      <span>
        {row.type}
        {nullable.get(row.name) === false && <span className="dim"> not null</span>}
      </span>
    ),
  },
  {
    id: 'missing',
    title: 'Missing',
    right: true,
    cell: (row) => (row.missing === 0 ? <span className="dim num">0</span> : <span className="num">{percent(row.missing / Math.max(1, rows))}</span>),
  },
  { id: 'distinct', title: 'Distinct', right: true, cell: (row) => <Count value={row.distinct} /> },
  { id: 'min', title: 'Min', right: true, cell: (row) => <Figure of={row.min} type={row.type} /> },
  { id: 'mean', title: 'Mean', right: true, cell: (row) => (isMoment(row.type) ? <Figure of={row.mean} type={row.type} /> : <Num value={row.mean} />) },
  { id: 'max', title: 'Max', right: true, cell: (row) => <Figure of={row.max} type={row.type} /> },
  { id: 'std', title: 'Std dev', right: true, cell: (row) => (isMoment(row.type) ? <span className="num">{duration(row.std)}</span> : <Num value={row.std} />) },
  { id: 'shape', title: 'Shape', cell: (row) => <Distribution column={row} rows={rows} /> },
];

/** A moment comes as milliseconds. */
function Figure({ of, type }: { of: number | string | null; type: string }) {
  return isMoment(type) && typeof of === 'number' ? <Day at={of} /> : <Value of={of} />;
}
