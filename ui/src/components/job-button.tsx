/**
 * Starts a job after saying what it will do, and follows it to its end.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { post } from '../api/client';
import { hasEnded, useJob } from '../hooks/job';
import { Refusal } from './answer';
import { Dialog } from './dialog';
import { State } from './show';

interface JobButtonProps {
  label: string;
  title: string;
  /** Under `/api/v1`. */
  path: string;
  body?: object;
  primary?: boolean;
  /** What will happen, exactly. */
  children: ReactNode;
}

export function JobButton(props: JobButtonProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={props.primary ? 'primary' : undefined} onClick={() => setOpen(true)}>
        {props.label}…
      </button>
      <Dialog title={props.title} open={open} onClose={() => setOpen(false)}>
        <JobForm {...props} close={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function JobForm({ label, path, body, children, close }: JobButtonProps & { close: () => void }) {
  const client = useQueryClient();
  const sent = useMutation({ mutationFn: () => post<{ job?: string }>(`/api/v1${path}`, body ?? {}) });
  const job = useJob(sent.data?.job);
  const ended = job !== undefined && hasEnded(job.state);

  useEffect(() => {
    if (ended) void client.invalidateQueries();
  }, [ended, client]);

  return (
    <div className="decision">
      <div className="effect">
        <h3>What will happen</h3>
        {children}
      </div>
      {sent.error && <Refusal error={sent.error} />}
      {job && (
        <p>
          <State of={job.state} /> {ended ? String(job.error ?? '') : [job.progress?.step, job.progress?.message].filter(Boolean).join(': ')}
        </p>
      )}
      <div className="buttons">
        {sent.data === undefined && (
          <button type="button" className="primary" disabled={sent.isPending} onClick={() => sent.mutate()}>
            {label}
          </button>
        )}
        <button type="button" onClick={close}>
          {sent.data === undefined ? 'Cancel' : 'Close'}
        </button>
      </div>
    </div>
  );
}
