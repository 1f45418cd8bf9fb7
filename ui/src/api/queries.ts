/**
 * How pages read: one hook per kind of request, each cached under its address.
 */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { get, post, type Query } from './client';
import type { List } from './types';

/** Reads `/api/v1<path>`; `every` asks again after so many milliseconds while the page is open. */
export function useApi<T>(path: string, query?: Query, options: { every?: number; enabled?: boolean } = {}) {
  return useQuery<T>({
    queryKey: ['v1', path, query ?? {}],
    queryFn: ({ signal }) => get<T>(`/api/v1${path}`, query, signal),
    refetchInterval: options.every ?? false,
    enabled: options.enabled ?? true,
  });
}

/** Reads a list of `/api/v1` page by page; the server filters, sorts and cuts. */
export function useApiPages<T>(path: string, query: Query, every?: number) {
  return useInfiniteQuery({
    queryKey: ['v1', path, query],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => get<List<T>>(`/api/v1${path}`, { ...query, token: pageParam }, signal),
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
    refetchInterval: every ?? false,
  });
}

/** Reads MLflow's API, with GET or, given a body, with POST. */
export function useMlflow<T>(path: string, query?: Query, body?: unknown, enabled = true) {
  return useQuery<T>({
    queryKey: ['mlflow', path, query ?? {}, body ?? null],
    queryFn: ({ signal }) =>
      body === undefined
        ? get<T>(`/ajax-api/2.0/mlflow${path}`, query, signal)
        : post<T>(`/ajax-api/2.0/mlflow${path}`, body),
    enabled,
  });
}
