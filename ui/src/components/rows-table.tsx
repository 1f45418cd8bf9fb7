/**
 * The rows of a dataset version, a page at a time, on request: most readers want the profile.
 */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../api/client';
import { Loading, Refusal } from './answer';
import { MoreButton } from './more-button';
import { Value } from './show';
import { Table, type Column } from './table';

type Row = Record<string, unknown>;

interface RowsPage {
  columns: string[];
  items: Row[];
  next?: string | null;
}

export function RowsSection({ path }: { path: string }) {
  const [open, setOpen] = useState(false);
  return open ? (
    <Rows path={path} />
  ) : (
    <button type="button" onClick={() => setOpen(true)}>
      Show rows
    </button>
  );
}

function Rows({ path }: { path: string }) {
  const pages = useInfiniteQuery({
    queryKey: ['rows', path],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => get<RowsPage>(`/api/v1${path}`, { limit: 20, token: pageParam }, signal),
    getNextPageParam: (page) => page.next || undefined,
  });
  if (pages.error) return <Refusal error={pages.error} retry={pages.refetch} />;
  if (!pages.data) return <Loading />;
  const rows = pages.data.pages.flatMap((page) => page.items);
  return (
    <>
      <Table label="Rows" rows={rows} columns={columnsOf(pages.data.pages[0]?.columns ?? [], rows)} keyOf={(_, index) => String(index)} />
      <MoreButton of={pages} />
    </>
  );
}

function columnsOf(names: string[], rows: Row[]): Column<Row>[] {
  return names.map((name) => ({
    id: name,
    title: name,
    right: rows.some((row) => typeof row[name] === 'number'),
    cell: (row) => <Value of={row[name]} />,
  }));
}
