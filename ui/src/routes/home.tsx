/**
 * Home: first what needs a person, then the projects, each with where it stands in its loop.
 */
import { useState } from 'react';
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { List, Need, ProjectRow } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { PhaseStrip } from '../components/phases';
import { Ago, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { commands } from '../format/command';

const columns: Column<ProjectRow>[] = [
  {
    id: 'project',
    title: 'Project',
    cell: (row) => (
      <div className="two-lines">
        <Link href={`/p/${row.name}`}>{row.title ?? row.name}</Link>
        <span className="dim">{row.title ? row.name : ''}</span>
      </div>
    ),
  },
  { id: 'owner', title: 'Owner', cell: (row) => row.owner ?? '–' },
  { id: 'phases', title: 'Where it stands', cell: (row) => <PhaseStrip phases={row.phases} /> },
  {
    id: 'champion',
    title: 'Champion',
    cell: (row) =>
      row.champion ? (
        <Link href={`/p/${row.name}/models/${row.champion.model}/${row.champion.version}`}>
          {row.champion.model} <span className="num">v{row.champion.version}</span>
        </Link>
      ) : (
        <span className="dim">none yet</span>
      ),
  },
  {
    id: 'alerts',
    title: 'Alerts',
    right: true,
    cell: (row) => (row.alerts > 0 ? <State of="alert">{row.alerts} open</State> : <span className="dim">none</span>),
  },
];

const KINDS: Record<Need['kind'], string> = { approval: 'Approval', alert: 'Alert', job: 'Failed job' };

export function HomePage() {
  const needs = useApi<List<Need>>('/needs', undefined, { every: 10_000 });
  const projects = useApi<List<ProjectRow>>('/projects', undefined, { every: 10_000 });
  const [search, setSearch] = useState('');
  const found = (rows: ProjectRow[]) =>
    rows.filter((row) => `${row.name} ${row.title ?? ''} ${row.owner ?? ''}`.toLowerCase().includes(search.toLowerCase()));

  return (
    <Page title="Home" name="Home" copies={{ cli: commands.projects(), curl: '/api/v1/projects' }}>
      <Section title="Needs you">
        <Answer of={needs}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="calm">Nothing waits for a person: no approval is asked for, no alert is open, no job has failed.</p>
            ) : (
              <ul className="needs">
                {items.map((need) => (
                  <li key={`${need.kind} ${need.text}`} className={`need need-${need.kind}`}>
                    <span className="kind">{KINDS[need.kind] ?? need.kind}</span>
                    {need.link ? <Link href={need.link}>{need.text}</Link> : <span>{need.text}</span>}
                    <span className="dim">
                      {need.project} <Ago at={need.at} />
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </Answer>
      </Section>
      <Section
        title="Projects"
        aside={<input type="search" data-search placeholder="Filter projects  ( / )" aria-label="Filter projects" value={search} onChange={(event) => setSearch(event.target.value)} />}
      >
        <Answer of={projects}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty command={commands.apply()}>A project begins with its file: the goal, the criteria, the data. Or see the whole loop on real data with “ironloop demo bikes”.</Empty>
            ) : (
              <Table label="Projects" rows={found(items)} columns={columns} keyOf={(row) => row.name} />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}
