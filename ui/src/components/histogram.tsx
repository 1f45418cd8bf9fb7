/**
 * A small histogram or, for categories, bars of the most frequent values.
 */
import type { ColumnProfile } from '../api/types';
import { count, number, percent } from '../format/number';
import { day, isMoment } from '../format/time';

const WIDTH = 150;
const HEIGHT = 34;

export function Histogram({ edges, counts, type = '' }: { edges: number[]; counts: number[]; type?: string }) {
  const said = (edge: number | undefined) => (isMoment(type) && edge !== undefined ? day(edge) : number(edge));
  const most = Math.max(...counts, 1);
  const step = WIDTH / Math.max(counts.length, 1);
  return (
    <svg className="histogram" width={WIDTH} height={HEIGHT} role="img" aria-label={`Histogram from ${said(edges[0])} to ${said(edges.at(-1))}, highest bar ${count(most)}`}>
      {counts.map((rows, index) => {
        const height = rows === 0 ? 0 : Math.max(1, (rows / most) * HEIGHT);
        return (
          <rect key={edges[index] ?? index} x={index * step} y={HEIGHT - height} width={Math.max(1, step - 1)} height={height}>
            <title>{`${said(edges[index])} to ${said(edges[index + 1])}: ${count(rows)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

export function Distribution({ column, rows }: { column: ColumnProfile; rows: number }) {
  if (column.histogram && column.histogram.counts.length > 0) return <Histogram {...column.histogram} type={column.type} />;
  const top = (column.top ?? []).slice(0, 3);
  if (rows > 1 && column.distinct === rows) return <span className="dim">all different</span>;
  if (top.length === 0) return <span className="dim">–</span>;
  return (
    <ul className="top-values">
      {top.map((entry) => (
        <li key={String(entry.value)}>
          <meter value={entry.count} max={rows} aria-label={`share of ${String(entry.value)}`} />
          <span className="clip" title={String(entry.value)}>
            {String(entry.value)}
          </span>
          <span className="num dim">{percent(entry.count / Math.max(rows, 1))}</span>
        </li>
      ))}
    </ul>
  );
}
