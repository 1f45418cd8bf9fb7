/**
 * Activity: who did what to which object when, newest first, as the audit log has it.
 */
import { withQuery } from '../api/client';
import { useApiPages } from '../api/queries';
import type { AuditRow } from '../api/types';
import { Empty, Loading, Refusal } from '../components/answer';
import { MoreButton } from '../components/more-button';
import { Page, Section } from '../components/page';
import { Ago } from '../components/show';
import { Table, type Column } from '../components/table';
import { useUrlState } from '../hooks/url-state';
import { commands } from '../format/command';

const columns: Column<AuditRow>[] = [
  { id: 'at', title: 'When', cell: (row) => <Ago at={row.at} /> },
  { id: 'actor', title: 'Who', cell: (row) => <span className="nowrap">{row.actor}</span> },
  { id: 'action', title: 'Did what', cell: (row) => <strong>{row.action}</strong> },
  { id: 'object', title: 'To what', cell: (row) => <span className="wrap">{row.object}</span> },
  { id: 'detail', title: 'Detail', cell: (row) => <Detail of={row.detail} /> },
];

export function ActivityPage({ project }: { project?: string }) {
  const [view, setView] = useUrlState({ object: '' });
  const query = { project, object: view.object, limit: 50 };
  const pages = useApiPages<AuditRow>('/audit', query);
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="Activity"
      name="Activity"
      crumbs={project === undefined ? [] : [{ text: project, to: `/p/${project}` }]}
      lead="The audit log: each entry carries the hash of the one before it, so that nothing can be taken out unseen."
      copies={{ cli: commands.audit(project), curl: withQuery('/api/v1/audit', query) }}
    >
      <Section
        title="Entries"
        aside={
          <input
            type="search"
            data-search
            aria-label="Only this object"
            placeholder="Only this object, then Enter  ( / )"
            defaultValue={view.object}
            onKeyDown={(event) => event.key === 'Enter' && setView({ object: event.currentTarget.value.trim() })}
          />
        }
      >
        {pages.error && <Refusal error={pages.error} retry={pages.refetch} />}
        {pages.isPending && !pages.error && <Loading />}
        {!pages.isPending && !pages.error && rows.length === 0 && <Empty command={commands.apply()}>Nothing has been done yet.</Empty>}
        {rows.length > 0 && <Table label="Activity" rows={rows} columns={columns} keyOf={(row, index) => String(row.seq ?? row.id ?? index)} />}
        <MoreButton of={pages} />
      </Section>
    </Page>
  );
}

function Detail({ of }: { of: unknown }) {
  if (of === null || of === undefined || (typeof of === 'object' && Object.keys(of).length === 0)) return <span className="dim">–</span>;
  const text = typeof of === 'string' ? of : JSON.stringify(of);
  if (text.length < 70) return <code className="wrap">{text}</code>;
  return (
    <details>
      <summary>
        <code>{text.slice(0, 60)}…</code>
      </summary>
      <pre>{typeof of === 'string' ? of : JSON.stringify(of, null, 2)}</pre>
    </details>
  );
}
