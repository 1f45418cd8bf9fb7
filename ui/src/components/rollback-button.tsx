/**
 * Gives the traffic back to the revision before. Shows which one first.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client';
import type { Deployment } from '../api/types';
import { Refusal } from './answer';
import { Dialog } from './dialog';

export function RollbackButton({ project, deployment }: { project: string; deployment: Deployment }) {
  const [open, setOpen] = useState(false);
  const client = useQueryClient();
  const sent = useMutation({
    mutationFn: () => post(`/api/v1/projects/${project}/deployments/${deployment.name}/rollback`, {}),
    onSuccess: async () => {
      await client.invalidateQueries();
      setOpen(false);
    },
  });
  const live = deployment.revisions.toSorted((a, b) => b.share - a.share)[0];
  const before = deployment.revisions.filter((row) => live && row.revision < live.revision).toSorted((a, b) => b.revision - a.revision)[0];
  if (!live || !before) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Roll back…
      </button>
      <Dialog title={`Roll ${deployment.name} back`} open={open} onClose={() => setOpen(false)}>
        <div className="decision">
          <div className="effect">
            <h3>What will change</h3>
            <p>
              All requests go from revision {live.revision} (version {live.version}) to the one before it, revision {before.revision} (version {before.version}). No request
              fails meanwhile. The alias stays where it is.
            </p>
            <h3>The way back</h3>
            <p>Deploy version {live.version} again.</p>
          </div>
          {sent.error && <Refusal error={sent.error} />}
          <div className="buttons">
            <button type="button" className="primary" disabled={sent.isPending} onClick={() => sent.mutate()}>
              Roll back
            </button>
            <button type="button" onClick={() => setOpen(false)}>
              Cancel
            </button>
          </div>
        </div>
      </Dialog>
    </>
  );
}
