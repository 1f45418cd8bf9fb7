/**
 * What stands where data will be: a calm placeholder while it loads, the server's words with a retry when it is refused.
 */
import type { ReactNode } from 'react';
import { Problem } from '../api/client';

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

export function Answer<T>({ of, children }: { of: Asked<T>; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <Refusal error={of.error} retry={of.refetch} />;
  return <Loading />;
}

export function Loading() {
  return (
    <div className="loading" role="status" aria-label="Loading">
      <span />
      <span />
      <span />
    </div>
  );
}

export function Refusal({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const hint = error instanceof Problem ? error.hint : null;
  return (
    <div className="refusal" role="alert">
      <strong>{error instanceof Error ? error.message : String(error)}</strong>
      {hint && <p>{hint}</p>}
      {retry && (
        <button type="button" onClick={() => retry()}>
          Try again
        </button>
      )}
    </div>
  );
}

/** An empty page teaches: what would be here and the command that brings it. */
export function Empty({ children, command }: { children: ReactNode; command?: string }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {command && (
        <p>
          <code>{command}</code>
        </p>
      )}
    </div>
  );
}
