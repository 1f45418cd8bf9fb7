/**
 * Data: the current version of each dataset, whether its rules hold and how fresh it is.
 */
import { useState } from 'react';
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { DatasetRow, List } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { Ago, Count, Day, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { commands } from '../format/command';

const columnsOf = (project: string): Column<DatasetRow>[] => [
  { id: 'name', title: 'Dataset', cell: (row) => <Link href={`/p/${project}/data/${row.name}`}>{row.name}</Link> },
  { id: 'version', title: 'Version', right: true, cell: (row) => <span className="num">{row.version === null ? '–' : `v${row.version}`}</span> },
  { id: 'state', title: 'State', cell: (row) => (row.version === null ? <State of="missing" /> : <State of={row.state} />) },
  { id: 'rows', title: 'Rows', right: true, cell: (row) => <Count value={row.rows} /> },
  { id: 'columns', title: 'Columns', right: true, cell: (row) => <Count value={row.columns} /> },
  {
    id: 'rules',
    title: 'Rules',
    cell: (row) => (
      <span className="tally">
        <State of="pass">{row.passed} pass</State>
        {row.failed > 0 && <State of="fail">{row.failed} fail</State>}
        {row.warned > 0 && <State of="warn">{row.warned} warn</State>}
      </span>
    ),
  },
  { id: 'fresh', title: 'Data until', right: true, cell: (row) => <Day at={row.fresh_until} /> },
  { id: 'checked', title: 'Checked', cell: (row) => <Ago at={row.checked_at} /> },
  {
    id: 'quarantined',
    title: 'Quarantined',
    right: true,
    cell: (row) => (row.quarantined > 0 ? <State of="quarantined">{row.quarantined}</State> : <span className="dim">none</span>),
  },
  { id: 'owner', title: 'Owner', cell: (row) => row.owner ?? '–' },
];

export function DatasetsPage({ project }: { project: string }) {
  const answer = useApi<List<DatasetRow>>(`/projects/${project}/datasets`, undefined, { every: 15_000 });
  const [search, setSearch] = useState('');
  return (
    <Page
      title="Data"
      name={`Data of ${project}`}
      crumbs={[{ text: project, to: `/p/${project}` }]}
      copies={{ cli: commands.datasets(project), curl: `/api/v1/projects/${project}/datasets` }}
    >
      <Section
        title="Datasets"
        aside={<input type="search" data-search placeholder="Filter  ( / )" aria-label="Filter datasets" value={search} onChange={(event) => setSearch(event.target.value)} />}
      >
        <Answer of={answer}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty command={commands.addData(project, '<dataset>')}>No dataset is declared or read yet. Declare one as [dataset.name] in the project file, then read it.</Empty>
            ) : (
              <Table label="Datasets" rows={items.filter((row) => row.name.includes(search))} columns={columnsOf(project)} keyOf={(row) => row.name} />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}
