/**
 * What was done about alerts: each retraining with its steps and why its model was promoted or not.
 */
import { Link } from 'wouter';
import type { Retraining } from '../api/types';
import { Ago, State } from './show';

export function Retrainings({ project, items }: { project: string; items: Retraining[] }) {
  return (
    <ol className="retrainings">
      {items.map((item) => (
        <li key={item.id}>
          <header>
            <State of={item.state} />
            <strong>{item.challenger === null ? 'no challenger' : `challenger v${item.challenger}`}</strong>
            <Ago at={item.created_at} />
            <span className="dim">
              because {item.reason}
              {item.trigger ? ` (trigger ${item.trigger})` : `, asked for by ${item.actor}`}
            </span>
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
