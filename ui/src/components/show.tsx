/**
 * The smallest things a page shows: a number, a time, a state. Each knows how it is written everywhere.
 */
import type { ReactNode } from 'react';
import { count, number, unitOf } from '../format/number';
import { day, exact, relative } from '../format/time';
import { signOf } from '../format/verdict';
import { useServerNow } from '../hooks/server-clock';

export function Num({ value, metric = '', digits }: { value: number | null | undefined; metric?: string; digits?: number }) {
  const unit = value === null || value === undefined ? '' : unitOf(metric);
  return (
    <span className="num" title={value === null || value === undefined ? undefined : String(value)}>
      {number(value, digits)}
      {unit && <span className="unit"> {unit}</span>}
    </span>
  );
}

export function Count({ value }: { value: number | null | undefined }) {
  return <span className="num">{count(value)}</span>;
}

/** A number with its bounds: `0.2134 (0.205 to 0.222)`. */
export function Interval({ value, lower, upper, metric }: { value: number | null | undefined; lower?: number | null; upper?: number | null; metric?: string }) {
  const bounded = lower !== null && lower !== undefined && upper !== null && upper !== undefined;
  return (
    <span className="interval">
      <Num value={value} metric={metric} />
      {bounded && (
        <span className="bounds" title="95 % confidence interval">
          {number(lower, 3)} to {number(upper, 3)}
        </span>
      )}
    </span>
  );
}

export function Ago({ at }: { at: number | null | undefined }) {
  const now = useServerNow();
  if (at === null || at === undefined) return <span className="dim">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)} className="nowrap">
      {relative(at, now)}
    </time>
  );
}

export function Day({ at }: { at: number | null | undefined }) {
  if (at === null || at === undefined) return <span className="dim">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)} className="nowrap num">
      {day(at)}
    </time>
  );
}

/** A state as sign and word; colour only repeats what they say. */
export function State({ of, title, children }: { of: string | null | undefined; title?: string; children?: ReactNode }) {
  const { icon, word, tone } = signOf(of);
  return (
    <span className={`state tone-${tone}`} title={title} data-state={word}>
      <span className="icon" aria-hidden="true">
        {icon}
      </span>
      <span>{children ?? word}</span>
    </span>
  );
}

/** Shows any JSON value in a cell. */
export function Value({ of }: { of: unknown }) {
  if (of === null || of === undefined) return <span className="dim">–</span>;
  if (typeof of === 'number') return <Num value={of} />;
  if (typeof of === 'string') return <span>{of}</span>;
  return <code className="wrap">{JSON.stringify(of)}</code>;
}

export function Digest({ of }: { of: string | null | undefined }) {
  if (!of) return <span className="dim">–</span>;
  return (
    <code title={of} className="digest">
      {of.replace(/^sha256:/, '').slice(0, 12)}
    </code>
  );
}
