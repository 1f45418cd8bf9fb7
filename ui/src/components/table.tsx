/**
 * Tables whose rows are all on the page. Numbers stand right; `j` and `k` walk the rows; the first link of a row opens it.
 * Lists that can grow without end use `RunTable`, which pages on the server and draws only what is seen.
 */
import { columnVisibilityFeature, tableFeatures, useTable, type ColumnDef } from '@tanstack/react-table';
import { useMemo, type ReactNode } from 'react';

export interface Column<T> {
  id: string;
  title: ReactNode;
  cell: (row: T) => ReactNode;
  /** Numbers are set to the right. */
  right?: boolean;
}

interface TableProps<T> {
  rows: T[];
  columns: Column<T>[];
  keyOf: (row: T, index: number) => string;
  label: string;
  hidden?: string[];
  rowClass?: (row: T) => string | undefined;
}

const NONE: string[] = [];
const features = tableFeatures({ columnVisibilityFeature });

export function Table<T extends object>({ rows, columns, keyOf, label, hidden = NONE, rowClass }: TableProps<T>) {
  const definitions = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<typeof features, T> => ({
          id: column.id,
          header: () => column.title,
          cell: (context) => column.cell(context.row.original),
        }),
      ),
    [columns],
  );
  const columnVisibility = Object.fromEntries(hidden.map((id) => [id, false]));
  const table = useTable({ features, columns: definitions, data: rows, getRowId: keyOf, state: { columnVisibility } });
  const right = new Set(columns.filter((column) => column.right).map((column) => column.id));
  const align = (id: string) => (right.has(id) ? 'right' : undefined);

  return (
    <div className="table-box">
      <table aria-label={label}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <th key={header.id} className={align(header.column.id)} scope="col">
                  <table.FlexRender header={header} />
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} data-row={row.id} tabIndex={-1} className={rowClass?.(row.original)}>
              {row.getVisibleCells().map((cell) => (
                <td key={cell.id} className={align(cell.column.id)}>
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
