/**
 * Moves an alias. Before: what exactly will change and the way back. After: what changed, or which criterion refused.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, post } from '../api/client';
import { useApi } from '../api/queries';
import type { Deployment, List, Model } from '../api/types';
import { promotionEffect } from '../format/verdict';
import { Loading, Refusal } from './answer';
import { Dialog } from './dialog';
import { GateTable } from './gate-table';
import { State } from './show';

interface At {
  project: string;
  model: string;
  version: number;
}

export function PromoteButton(at: At) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="primary" onClick={() => setOpen(true)}>
        Promote…
      </button>
      <Dialog title={`Promote ${at.model} version ${at.version}`} open={open} onClose={() => setOpen(false)}>
        <PromoteForm {...at} close={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

interface Moved {
  alias: string;
  version: number;
  previous: number | null;
}

function PromoteForm({ project, model, version, close }: At & { close: () => void }) {
  const [alias, setAlias] = useState('champion');
  const client = useQueryClient();
  const path = `/projects/${project}/models/${encodeURIComponent(model)}`;
  const now = useApi<Model>(path);
  const deployments = useApi<List<Deployment>>(`/projects/${project}/deployments`);
  const sent = useMutation({
    mutationFn: () => post<Moved>(`/api/v1${path}/versions/${version}/promote`, { alias }),
    onSuccess: () => client.invalidateQueries(),
  });
  if (now.isPending || deployments.isPending) return <Loading />;
  if (sent.data) return <Done model={model} moved={sent.data} close={close} />;
  const followers = (deployments.data?.items ?? []).filter((row) => row.model === `${model}@${alias}`).map((row) => row.name);
  const { effect, undo } = promotionEffect(model, alias, version, now.data?.aliases[alias], followers);
  return (
    <form
      className="decision"
      onSubmit={(event) => {
        event.preventDefault();
        sent.mutate();
      }}
    >
      <label>
        Alias
        <select value={alias} onChange={(event) => setAlias(event.target.value)}>
          {[...new Set(['champion', 'challenger', ...Object.keys(now.data?.aliases ?? {})])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <div className="effect">
        <h3>What will change</h3>
        <ul>
          {effect.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <h3>The way back</h3>
        <p>{undo}</p>
      </div>
      {sent.error && <Refused error={sent.error} />}
      <div className="buttons">
        <button type="submit" className="primary" disabled={sent.isPending}>
          Promote to {alias}
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function Refused({ error }: { error: unknown }) {
  const failing = error instanceof Problem ? (error.gate?.criteria ?? []).filter((criterion) => criterion.verdict !== 'pass') : [];
  return (
    <div className="refused">
      <State of="refused">The gate refused this promotion</State>
      <Refusal error={error} />
      {failing.length > 0 && <GateTable criteria={failing} dataset={null} />}
    </div>
  );
}

function Done({ model, moved, close }: { model: string; moved: Moved; close: () => void }) {
  return (
    <div className="decision">
      <p>
        <State of="promoted" /> {moved.alias} of {model} is version {moved.version} now
        {moved.previous === null || moved.previous === undefined ? '.' : `; it was version ${moved.previous}.`}
      </p>
      <div className="buttons">
        <button type="button" className="primary" onClick={close}>
          Close
        </button>
      </div>
    </div>
  );
}
