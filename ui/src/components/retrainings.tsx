/**
 * What was done about alerts: each retraining with its steps and why its model was promoted or not.
 */
import { Link } from 'wouter';
import type { Retraining } from '../api/types';
import { Ago, State } from './show';

export function Retrainings({ project, items }: { project: string; items: Retraining[] }) {
  return (
    <ol className="retrainings">
      {items.map((item, index) => (
        <li key={item.id ?? `${item.at ?? item.created_at ?? index}`}>
          <header>
            <State of={item.promoted === null ? 'running' : item.promoted ? 'promoted' : 'rejected'} />
            <strong>{challengerText(item)}</strong>
            <Ago at={item.at ?? item.created_at} />
            {item.reason && <span className="dim">because {item.reason}</span>}
          </header>
          {item.why && <p>{item.why}</p>}
          <ol className="steps">
            {item.steps.map((step) => (
              <li key={step.step} title={step.detail ?? undefined}>
                <State of={step.state}>{step.step}</State>
                {step.detail && <span className="dim small">{step.detail}</span>}
              </li>
            ))}
          </ol>
        </li>
      ))}
      <li className="more">
        <Link href={`/p/${project}/jobs`}>All jobs</Link>
      </li>
    </ol>
  );
}

function challengerText({ challenger }: Retraining): string {
  if (challenger === null || challenger === undefined) return 'no challenger';
  if (typeof challenger === 'number') return `challenger v${challenger}`;
  if (typeof challenger === 'string') return challenger;
  return challenger.version === undefined ? 'challenger' : `challenger v${challenger.version}`;
}
