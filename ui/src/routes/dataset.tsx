/**
 * One version of a dataset: are its rules kept, what is in its columns, and which versions came before.
 */
import { Link } from 'wouter';
import { Problem } from '../api/client';
import { useApi, useApiPages } from '../api/queries';
import type { DatasetVersion, Profile } from '../api/types';
import { Answer, Empty, Loading, Refusal } from '../components/answer';
import { JobButton } from '../components/job-button';
import { MoreButton } from '../components/more-button';
import { Page, Section } from '../components/page';
import { ProfileTable } from '../components/profile-table';
import { RulesTable, stateOf } from '../components/rules-table';
import { RowsSection } from '../components/rows-table';
import { Ago, Count, Day, Digest, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { commands } from '../format/command';

interface At {
  project: string;
  dataset: string;
  version: string | undefined;
}

export function DatasetPage({ project, dataset, version }: At) {
  const base = `/projects/${project}/datasets/${dataset}/versions`;
  const wanted = version ?? 'current';
  const answer = useApi<DatasetVersion>(`${base}/${wanted}`);
  const profile = useApi<Profile>(`${base}/${wanted}/profile`);
  const history = useApiPages<DatasetVersion>(base, { limit: 20 });
  const shown = answer.data;
  const nothing = answer.error instanceof Problem && answer.error.status === 404;
  const versions = history.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title={
        <>
          {dataset} {shown && <span className="num">v{shown.version}</span>} {shown && <State of={shown.state} />}
        </>
      }
      name={`${dataset} of ${project}`}
      crumbs={[
        { text: project, to: `/p/${project}` },
        { text: 'Data', to: `/p/${project}/data` },
      ]}
      lead={shown && <VersionLead of={shown} />}
      actions={
        <JobButton label="Read the source" title={`Read ${dataset} again`} path={`/projects/${project}/datasets/${dataset}/versions`}>
          <p>The source is read and its rules are checked. If it has new rows and keeps the rules, a new version becomes current; if it breaks one of severity error, it is quarantined and the current version stays.</p>
        </JobButton>
      }
      copies={{ cli: commands.dataset(project, dataset, version), curl: `/api/v1${base}/${wanted}` }}
    >
      {nothing ? (
        <Empty command={commands.addData(project, dataset)}>No version keeps the rules yet. Read the source:</Empty>
      ) : (
        <>
          <Answer of={answer}>{(data) => <Rules of={data} />}</Answer>
          <Section title="Columns" aside={profile.data && <>profile of <Count value={profile.data.rows} /> rows</>}>
            <Answer of={profile}>{(data) => <ProfileTable profile={data} schema={shown?.schema ?? []} />}</Answer>
          </Section>
          <Section title="Rows">
            <RowsSection path={`${base}/${wanted}/rows`} />
          </Section>
        </>
      )}
      <Section title="Versions">
        {history.error && <Refusal error={history.error} retry={history.refetch} />}
        {history.isPending && !history.error && <Loading />}
        {history.data && versions.length === 0 && <Empty command={commands.addData(project, dataset)}>Each reading of the source makes a version.</Empty>}
        {versions.length > 0 && <Table label="Versions" rows={versions} columns={historyColumns(project, dataset)} keyOf={(row) => String(row.version)} />}
        <MoreButton of={history} />
      </Section>
    </Page>
  );
}

function VersionLead({ of }: { of: DatasetVersion }) {
  return (
    <>
      <Count value={of.rows} /> rows{of.hidden ? ` (${of.hidden} lie in the future and are left out)` : ''} until <Day at={of.until} />, read <Ago at={of.created_at} />
      <span className="dim">
        {' '}
        · digest <Digest of={of.digest} />
      </span>
    </>
  );
}

function Rules({ of }: { of: DatasetVersion }) {
  const rules = of.checks ?? [];
  const failed = rules.filter((rule) => stateOf(rule) === 'fail').length;
  const warned = rules.filter((rule) => stateOf(rule) === 'warn').length;
  const said = `${failed === 0 ? 'no rule is broken' : `${failed} of ${rules.length} rules broken`}${warned > 0 ? `, ${warned} warn` : ''}`;
  return (
    <Section title="Rules" aside={said}>
      {rules.length === 0 ? (
        <Empty command={'[[expect]] dataset = "…"  check = "not_null"  column = "…"  severity = "error"'}>No rule watches this dataset. Write one in the project file.</Empty>
      ) : (
        <RulesTable rules={rules} />
      )}
    </Section>
  );
}

const historyColumns = (project: string, dataset: string): Column<DatasetVersion>[] => [
  { id: 'version', title: 'Version', cell: (row) => <Link href={`/p/${project}/data/${dataset}/${row.version}`}>v{row.version}</Link> },
  { id: 'state', title: 'State', cell: (row) => <State of={row.state} /> },
  { id: 'rows', title: 'Rows', right: true, cell: (row) => <Count value={row.rows} /> },
  { id: 'until', title: 'Data until', right: true, cell: (row) => <Day at={row.until} /> },
  { id: 'read', title: 'Read', cell: (row) => <Ago at={row.created_at} /> },
  { id: 'digest', title: 'Digest', cell: (row) => <Digest of={row.digest} /> },
];
