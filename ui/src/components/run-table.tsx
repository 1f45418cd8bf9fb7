/**
 * Runs without end: the server sorts, filters and pages; only the rows in sight are drawn; the next page is fetched when
 * the last rows come near.
 */
import { columnVisibilityFeature, tableFeatures, useTable, type ColumnDef } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import type { Column } from './table';

export interface SortableColumn<T> extends Column<T> {
  /** What the server sorts by. */
  sort?: string;
}

interface RunTableProps<T> {
  rows: T[];
  columns: SortableColumn<T>[];
  hidden: Record<string, boolean>;
  keyOf: (row: T) => string;
  orderBy: string;
  onOrderBy: (orderBy: string) => void;
  hasMore: boolean;
  loadMore: () => void;
  loading: boolean;
}

const features = tableFeatures({ columnVisibilityFeature });
/** Every row has this height (`.scroll td` in parts.css), so nothing is measured while scrolling. */
const ROW = 37;

export function RunTable<T extends object>(props: RunTableProps<T>) {
  const { rows: data, columns, hidden, keyOf, orderBy, onOrderBy, hasMore, loadMore, loading } = props;
  const box = useRef<HTMLDivElement>(null);
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
  const byId = new Map(columns.map((column) => [column.id, column]));
  const columnVisibility = Object.fromEntries(Object.keys(hidden).map((id) => [id, !hidden[id]]));
  const table = useTable({ features, columns: definitions, data, getRowId: keyOf, state: { columnVisibility } });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12 });
  const seen = virtual.getVirtualItems();
  const first = seen[0];
  const last = seen.at(-1);
  const nearEnd = last !== undefined && last.index >= rows.length - 15;

  useEffect(() => {
    if (nearEnd && hasMore && !loading) loadMore();
  }, [nearEnd, hasMore, loading, loadMore]);

  const width = table.getVisibleLeafColumns().length;
  return (
    <div className="table-box scroll" ref={box}>
      <table aria-label="Runs" aria-rowcount={hasMore ? -1 : rows.length}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <Head key={header.id} column={byId.get(header.column.id)} orderBy={orderBy} onOrderBy={onOrderBy}>
                  <table.FlexRender header={header} />
                </Head>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {first && first.start > 0 && <Spacer height={first.start} width={width} />}
          {seen.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <tr key={row.id} data-row={row.id} tabIndex={-1}>
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} className={byId.get(cell.column.id)?.right ? 'right' : undefined}>
                    <table.FlexRender cell={cell} />
                  </td>
                ))}
              </tr>
            );
          })}
          {last && <Spacer height={Math.max(0, virtual.getTotalSize() - last.end)} width={width} />}
        </tbody>
      </table>
    </div>
  );
}

function Spacer({ height, width }: { height: number; width: number }) {
  return (
    <tr aria-hidden="true" className="spacer">
      <td colSpan={width} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

interface HeadProps<T> {
  column: SortableColumn<T> | undefined;
  orderBy: string;
  onOrderBy: (orderBy: string) => void;
  children: React.ReactNode;
}

function Head<T>({ column, orderBy, onOrderBy, children }: HeadProps<T>) {
  const [key, direction] = splitOrder(orderBy);
  const sorted = column?.sort !== undefined && column.sort === key;
  const sort = sorted ? (direction === 'ASC' ? 'ascending' : 'descending') : undefined;
  return (
    <th scope="col" className={column?.right ? 'right' : undefined} aria-sort={sort}>
      {column?.sort ? (
        <button type="button" className="sort" onClick={() => onOrderBy(nextOrder(orderBy, column.sort ?? ''))}>
          {children}
          {sorted && (
            <span aria-hidden="true" className="arrow">
              {direction === 'ASC' ? '▲' : '▼'}
            </span>
          )}
        </button>
      ) : (
        children
      )}
    </th>
  );
}

/** `metrics.wape ASC` as its key and direction. */
export function splitOrder(orderBy: string): [string, 'ASC' | 'DESC'] {
  const match = /^(.*?)(?:\s+(asc|desc))?$/i.exec(orderBy.trim());
  return [match?.[1] ?? '', match?.[2]?.toUpperCase() === 'DESC' ? 'DESC' : 'ASC'];
}

/** A click sorts upwards, the next downwards, the third gives back the server's order. */
export function nextOrder(orderBy: string, key: string): string {
  const [current, direction] = splitOrder(orderBy);
  if (current !== key) return `${key} ASC`;
  return direction === 'ASC' ? `${key} DESC` : '';
}
