/**
 * Project: what the model is for, what it must reach, where it stands, and who decides.
 */
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { Phase, Project } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { CriteriaTable } from '../components/criteria-table';
import { Feasibility } from '../components/feasibility';
import { Facts, Page, Section } from '../components/page';
import { State } from '../components/show';
import { commands } from '../format/command';

const PLACES: Record<string, string> = { design: '', data: '/data', develop: '/runs', deploy: '/deployments', maintain: '/monitoring' };

export function ProjectPage({ project }: { project: string }) {
  const answer = useApi<Project>(`/projects/${project}`, undefined, { every: 15_000 });
  const data = answer.data;
  return (
    <Page
      title={data?.title ?? project}
      name={data?.title ?? project}
      crumbs={[{ text: 'Home', to: '/' }]}
      lead={data && <ProjectLead of={data} />}
      copies={{ cli: commands.designCheck(project), curl: `/api/v1/projects/${project}` }}
    >
      <Answer of={answer}>
        {(shown) => (
          <>
            <PhaseCards project={project} phases={shown.phases} />
            <Section title="Criteria" aside="Written once; the gate, the rollout and the monitor use the same line.">
              {shown.criteria.length === 0 ? (
                <Empty command={'[[criterion]] id = "accurate"  metric = "wape"  op = "<="  value = 0.30'}>
                  Without criteria nobody can say whether the model is good enough. Add one to the project file and run ironloop apply.
                </Empty>
              ) : (
                <CriteriaTable project={project} criteria={shown.criteria} />
              )}
            </Section>
            <Feasibility project={project} />
            <div className="columns">
              <Charter of={shown} />
              <People of={shown.people} />
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}

function ProjectLead({ of }: { of: Project }) {
  return (
    <>
      {of.charter?.decision ?? 'No charter yet: no business purpose is recorded.'}
      <span className="dim block">
        Owner {of.owner ?? 'nobody'} · risk {of.risk ?? 'not stated'} · file version <span className="num">{of.version}</span>
      </span>
    </>
  );
}

function PhaseCards({ project, phases }: { project: string; phases: Phase[] }) {
  return (
    <ol className="phase-cards" aria-label="The loop">
      {phases.map((phase) => (
        <li key={phase.phase}>
          <header>
            <Link href={`/p/${project}${PLACES[phase.phase] ?? ''}`}>{phase.phase}</Link>
            <State of={phase.state} />
          </header>
          <ul>
            {phase.missing.map((text) => (
              <li key={text} className="missing">
                <span aria-hidden="true">○</span> {text}
              </li>
            ))}
            {phase.evidence.map((text) => (
              <li key={text}>
                <span aria-hidden="true">·</span> {text}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function Charter({ of }: { of: Project }) {
  const charter = of.charter;
  return (
    <Section title="Charter">
      {charter === null ? (
        <Empty command="[charter] problem = …  decision = …">Say in the project file which problem is solved and which decision the model changes.</Empty>
      ) : (
        <Facts
          of={[
            ['Problem', charter.problem ?? '–'],
            ['Intended use', charter.intended_use ?? '–'],
            ['Not for', charter.not_for?.join(', ') || '–'],
            ['Done today', charter.today ?? '–'],
            ...of.goals.map((goal): [string, string] => ['Goal', `${goal.text}${goal.by ? `, by ${goal.by}` : ''}`]),
          ]}
        />
      )}
    </Section>
  );
}

function People({ of }: { of: Record<string, string[]> }) {
  const roles = Object.entries(of).filter(([, names]) => names.length > 0);
  return (
    <Section title="People">
      {roles.length === 0 ? (
        <Empty command={'[people] stakeholder = ["…"]'}>Nobody is named yet; approvals need names.</Empty>
      ) : (
        <Facts of={roles.map(([role, names]) => [role.replaceAll('_', ' '), names.join(', ')])} />
      )}
    </Section>
  );
}
