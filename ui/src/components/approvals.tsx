/**
 * Who must approve, who has, and the two buttons. A decision without a reason is not taken.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client';
import type { GateResult } from '../api/types';
import { obstacleOf } from '../format/verdict';
import { Refusal } from './answer';
import { Dialog } from './dialog';
import { Ago, State } from './show';

interface ApprovalsProps {
  project: string;
  model: string;
  version: number;
  gate: GateResult;
}

type Decision = 'approve' | 'reject';

export function Approvals(props: ApprovalsProps) {
  const obstacle = obstacleOf(props.gate);
  const [asked, setAsked] = useState<{ role: string; decision: Decision } | null>(null);
  return (
    <>
      <ul className="approvals" aria-label="Approvals">
        {props.gate.approvals.map((need) => (
          <li key={need.role}>
            <State of={need.state} />
            <span>
              <strong>{need.role.replaceAll('_', ' ')}</strong>{' '}
              <span className="dim">
                {need.given.length} of {need.needed} given
              </span>
            </span>
            <span>
              {need.given.map((given) => (
                <span key={`${given.by} ${given.at}`} className="given">
                  approved by {given.by}{given.own ? ' (own work)' : ''} <Ago at={given.at} />
                  {given.reason ? `: “${given.reason}”` : ''}
                </span>
              ))}
            </span>
            <span className="buttons">
              <button
                type="button"
                className={need.state === 'given' ? undefined : 'primary'}
                disabled={obstacle !== null}
                title={obstacle === null ? undefined : `there is nothing to approve yet: ${obstacle}`}
                onClick={() => setAsked({ role: need.role, decision: 'approve' })}
              >
                Approve
              </button>
              <button type="button" onClick={() => setAsked({ role: need.role, decision: 'reject' })}>
                Reject
              </button>
            </span>
          </li>
        ))}
      </ul>
      <Dialog title={asked?.decision === 'reject' ? 'Reject this version' : 'Approve this version'} open={asked !== null} onClose={() => setAsked(null)}>
        {asked && <DecisionForm {...props} {...asked} done={() => setAsked(null)} />}
      </Dialog>
    </>
  );
}

function DecisionForm({ project, model, version, gate, role, decision, done }: ApprovalsProps & { role: string; decision: Decision; done: () => void }) {
  const [reason, setReason] = useState('');
  const client = useQueryClient();
  const path = `/api/v1/projects/${project}/models/${encodeURIComponent(model)}/versions/${version}/approve`;
  const sent = useMutation({
    mutationFn: () => post(path, { role, decision, reason: reason.trim(), gate: gate.gate }),
    onSuccess: async () => {
      await client.invalidateQueries();
      done();
    },
  });
  return (
    <form
      className="decision"
      onSubmit={(event) => {
        event.preventDefault();
        sent.mutate();
      }}
    >
      <p>
        You {decision} {model} version {version} as {role.replaceAll('_', ' ')}. The decision binds to this version, its evaluation and the criteria as they are
        now; if one of them changes, it is void. It stands in the audit log under your name.
      </p>
      <label>
        Reason
        <textarea required rows={3} value={reason} onChange={(event) => setReason(event.target.value)} placeholder="What did you look at?" />
      </label>
      {sent.error && <Refusal error={sent.error} />}
      <div className="buttons">
        <button type="submit" className="primary" disabled={reason.trim() === '' || sent.isPending}>
          {decision === 'approve' ? 'Approve' : 'Reject'}
        </button>
        <button type="button" onClick={done}>
          Cancel
        </button>
      </div>
    </form>
  );
}
