/**
 * Whether the reader's computer asks for dark pages; canvases must be drawn anew when that changes.
 */
import { useSyncExternalStore } from 'react';

const asked = () => window.matchMedia('(prefers-color-scheme: dark)');

function subscribe(changed: () => void): () => void {
  const query = asked();
  query.addEventListener('change', changed);
  return () => query.removeEventListener('change', changed);
}

export function useColourScheme(): 'dark' | 'light' {
  return useSyncExternalStore(subscribe, () => (asked().matches ? 'dark' : 'light'));
}
