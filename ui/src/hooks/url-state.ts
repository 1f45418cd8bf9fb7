/**
 * The state of a view lives in its address: it can be shared, and Back works.
 */
import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';

export type UrlState = Record<string, string>;

/** The address's query with `changes` applied; an empty or default value leaves the address. */
export function changed(search: string, changes: Record<string, string | null | undefined>, defaults: UrlState = {}): string {
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === (defaults[key] ?? '')) query.delete(key);
    else query.set(key, value);
  }
  query.sort();
  return query.toString();
}

/** The values of `defaults`' keys, from the address or as given. */
export function read<T extends UrlState>(search: string, defaults: T): T {
  const query = new URLSearchParams(search);
  return Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, query.get(key) ?? value])) as T;
}

export function useUrlState<T extends UrlState>(defaults: T): [T, (changes: Partial<Record<keyof T, string | null>>) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  // The defaults are written out at each call; their content decides.
  const key = JSON.stringify(defaults);
  const state = useMemo(() => read(search, JSON.parse(key) as T), [search, key]);
  const set = useCallback(
    (changes: Partial<Record<keyof T, string | null>>) => {
      const query = changed(search, changes as Record<string, string | null>, JSON.parse(key) as T);
      navigate(query === '' ? path : `${path}?${query}`);
    },
    [search, path, navigate, key],
  );
  return [state, set];
}
