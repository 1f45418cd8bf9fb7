/**
 * Keys that work on every page: `/` goes to the search box, `j` and `k` walk through the rows of the table, Enter opens
 * one. Typing in a field is never taken away.
 */
import { useEffect } from 'react';

const ROWS = 'tr[data-row]';

export function useKeyboard(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  if (event.key === '/') {
    const box = document.querySelector<HTMLElement>('[data-search]');
    if (box) {
      event.preventDefault();
      box.focus();
    }
  } else if (event.key === 'j' || event.key === 'k') {
    event.preventDefault();
    step(event.key === 'j' ? 1 : -1);
  } else if (event.key === 'Enter' && event.target instanceof HTMLElement && event.target.matches(ROWS)) {
    event.target.querySelector('a')?.click();
  }
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>(ROWS)];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = rows[at === -1 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
