/**
 * Starts a retraining by hand. What it does by itself and what still needs people is said before.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { post } from '../api/client';
import { Refusal } from './answer';
import { Dialog } from './dialog';

export function RetrainButton({ project }: { project: string }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const client = useQueryClient();
  const sent = useMutation({
    mutationFn: () => post<{ job: string }>(`/api/v1/projects/${project}/retrain`, { reason: reason.trim() }),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Retrain…
      </button>
      <Dialog title="Retrain on the newest data" open={open} onClose={() => setOpen(false)}>
        <form
          className="decision"
          onSubmit={(event) => {
            event.preventDefault();
            sent.mutate();
          }}
        >
          <div className="effect">
            <h3>What will happen</h3>
            <p>
              The newest rows are read and checked, the candidates of the project file are trained, and the best one meets the same gate as every version, against the
              champion. Only if the file's rule for retrainings allows it, a better one goes live by itself. A worse one changes nothing.
            </p>
          </div>
          <label>
            Reason
            <textarea required rows={2} value={reason} onChange={(event) => setReason(event.target.value)} />
          </label>
          {sent.error && <Refusal error={sent.error} />}
          {sent.data ? (
            <p>
              It runs as <Link href={`/p/${project}/jobs`}>{sent.data.job}</Link>.
            </p>
          ) : (
            <div className="buttons">
              <button type="submit" className="primary" disabled={reason.trim() === '' || sent.isPending}>
                Retrain
              </button>
              <button type="button" onClick={() => setOpen(false)}>
                Cancel
              </button>
            </div>
          )}
        </form>
      </Dialog>
    </>
  );
}
