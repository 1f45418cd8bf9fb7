/**
 * Follows one job until it ends.
 */
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Job } from '../api/types';

const ENDED = new Set(['done', 'failed', 'succeeded', 'canceled']);

export const hasEnded = (state: string): boolean => ENDED.has(state);

export function useJob(id: string | undefined): Job | undefined {
  return useQuery<Job>({
    queryKey: ['job', id],
    queryFn: ({ signal }) => get<Job>(`/api/v1/jobs/${id}`, undefined, signal),
    enabled: id !== undefined,
    refetchInterval: (query) => (query.state.data && hasEnded(query.state.data.state) ? false : 1000),
  }).data;
}
