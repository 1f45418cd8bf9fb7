/**
 * Version: the gate report. Each criterion with its number and bound, the slices, who has approved and who must, and the
 * button that promotes, which first shows what it will do.
 */
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { GateResult, ModelVersion } from '../api/types';
import { AliasNames } from '../components/aliases';
import { Answer, Empty } from '../components/answer';
import { Approvals } from '../components/approvals';
import { EvaluationTables } from '../components/evaluation-tables';
import { GateTable } from '../components/gate-table';
import { Facts, Page, Section } from '../components/page';
import { PromoteButton } from '../components/promote-button';
import { Ago, Count, Digest, State } from '../components/show';
import { kindOf } from '../components/try-it';
import { commands } from '../format/command';

interface At {
  project: string;
  model: string;
  version: number;
}

export function VersionPage({ project, model, version }: At) {
  const path = `/projects/${project}/models/${encodeURIComponent(model)}/versions/${version}`;
  const answer = useApi<ModelVersion>(path, undefined, { every: 15_000 });
  return (
    <Page
      title={
        <>
          {model} <span className="num">v{version}</span> {answer.data && <AliasNames of={answer.data.aliases} />}
        </>
      }
      name={`${model} v${version}`}
      crumbs={[
        { text: project, to: `/p/${project}` },
        { text: 'Models', to: `/p/${project}/models` },
        { text: model, to: `/p/${project}/models/${encodeURIComponent(model)}` },
      ]}
      lead={answer.data && <VersionLead project={project} of={answer.data} />}
      actions={answer.data && <PromoteButton project={project} model={model} version={version} />}
      copies={{
        cli: commands.model(project, model, version),
        curl: `/api/v1${path}`,
        python: `mlflow.pyfunc.load_model("models:/${model}/${version}")`,
      }}
    >
      <Answer of={answer}>
        {(data) => (
          <>
            {data.gates.length === 0 && (
              <Empty command={commands.evaluate(project, String(version))}>No gate has judged this version yet.</Empty>
            )}
            {data.gates.map((gate) => (
              <GateReport key={gate.gate} gate={gate} of={data} project={project} />
            ))}
            {data.evaluation ? (
              <EvaluationTables evaluation={data.evaluation} />
            ) : (
              <Empty command={commands.evaluate(project, String(version))}>This version has not been evaluated on held-out rows.</Empty>
            )}
            <Inputs of={data} />
          </>
        )}
      </Answer>
    </Page>
  );
}

function VersionLead({ project, of }: { project: string; of: ModelVersion }) {
  return (
    <>
      {of.run_id && (
        <>
          From run <Link href={`/p/${project}/runs/${of.run_id}`}>{of.run_id.slice(0, 8)}</Link>
        </>
      )}
      {of.created_at !== undefined && (
        <>
          , registered <Ago at={of.created_at} />
        </>
      )}
      {of.live_in.length > 0 ? (
        <>
          {' · live in '}
          {of.live_in.map((endpoint) => (
            <Link key={endpoint} href={`/p/${project}/deployments/${endpoint}`}>
              {endpoint}{' '}
            </Link>
          ))}
        </>
      ) : (
        ' · not live'
      )}
      <span className="dim">
        {' '}
        · digest <Digest of={of.digest} />
      </span>
    </>
  );
}

function GateReport({ gate, of, project }: { gate: GateResult; of: ModelVersion; project: string }) {
  const dataset = of.evaluation?.dataset;
  return (
    <Section
      title={
        <>
          Gate “{gate.gate}” <State of={gate.verdict} />
        </>
      }
      aside={
        dataset && (
          <>
            judged on <Link href={`/p/${project}/data/${dataset.name}/${dataset.version}`}>{`${dataset.name} v${dataset.version}`}</Link>
            {of.evaluation && (
              <>
                , <Count value={of.evaluation.rows} /> held-out rows
              </>
            )}
          </>
        )
      }
    >
      {gate.after && gate.after.verdict !== 'pass' && (
        <p className="before">
          <State of={gate.after.verdict} /> gate “{gate.after.gate}” comes first{gate.after.obstacle ? `: ${gate.after.obstacle}` : ''}
        </p>
      )}
      <GateTable criteria={gate.criteria} dataset={dataset ? `${dataset.name} v${dataset.version}` : null} />
      {gate.approvals.length > 0 && <Approvals project={project} model={of.name} version={of.version} gate={gate} />}
    </Section>
  );
}

function Inputs({ of }: { of: ModelVersion }) {
  const inputs = of.signature?.inputs ?? [];
  return (
    <Section title="What callers send" aside="Raw columns; the preprocessing is inside the model.">
      {inputs.length === 0 ? (
        <Empty>The version carries no signature.</Empty>
      ) : (
        <Facts of={inputs.map((input) => [input.name, `${kindOf(input)}${input.nullable ? ', may be missing' : ''}`])} />
      )}
    </Section>
  );
}
