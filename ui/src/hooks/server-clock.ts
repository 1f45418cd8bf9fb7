/**
 * The server's time, which a replay moves by itself: "3 h ago" counts from there and not from this computer's clock.
 */
import { useSyncExternalStore } from 'react';
import { useApi } from '../api/queries';

const TICK = 15_000;

let wall = Date.now();
const readers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One timer for all the times on a page. */
function subscribe(changed: () => void): () => void {
  readers.add(changed);
  timer ??= setInterval(() => {
    wall = Date.now();
    for (const reader of readers) reader();
  }, TICK);
  return () => {
    readers.delete(changed);
    if (readers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useServerNow(): number {
  const here = useSyncExternalStore(subscribe, () => wall);
  const { data, dataUpdatedAt } = useApi<{ now?: number; clock?: string }>('/config', undefined, { every: 30_000 });
  if (data?.now === undefined) return here;
  // A manual clock stands still between the moves of the replay.
  return data.clock === 'manual' ? data.now : data.now + Math.max(0, here - dataUpdatedAt);
}
