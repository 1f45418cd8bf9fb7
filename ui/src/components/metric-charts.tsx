/**
 * The metrics of a run: single values as a table, series as charts, never more than a dozen charts unasked.
 */
import { useState } from 'react';
import { numberOf, type MetricPoint } from '../api/mlflow';
import { useMlflow } from '../api/queries';
import { Answer, Empty } from './answer';
import { LineChart } from './line-chart';
import { Section } from './page';
import { Num } from './show';
import { Table, type Column } from './table';

interface Metric {
  key: string;
  value: number | string;
  step?: number;
}

const MOST_CHARTS = 12;
const MOST_POINTS = 1000;

const columns: Column<Metric>[] = [
  { id: 'key', title: 'Metric', cell: (row) => row.key },
  { id: 'value', title: 'Last value', right: true, cell: (row) => <Num value={numberOf(row.value)} metric={row.key} digits={5} /> },
];

export function MetricTable({ metrics }: { metrics: Metric[] }) {
  if (metrics.length === 0) return <Empty command={'mlflow.log_metric("loss", 0.3, step=1)'}>This run logged no metric.</Empty>;
  return <Table label="Metrics" rows={sorted(metrics)} columns={columns} keyOf={(row) => row.key} />;
}

/** A chart for each metric that has more than one step. */
export function MetricCharts({ run, metrics }: { run: string; metrics: Metric[] }) {
  const [all, setAll] = useState(false);
  const series = sorted(metrics).filter((metric) => Number(metric.step ?? 0) > 0);
  const shown = all ? series : series.slice(0, MOST_CHARTS);
  if (shown.length === 0) return null;
  return (
    <Section title="Over the steps">
      <div className="charts">
        {shown.map((metric) => (
          <History key={metric.key} run={run} metric={metric.key} />
        ))}
      </div>
      {shown.length < series.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {series.length} charts
        </button>
      )}
    </Section>
  );
}

function sorted(metrics: Metric[]): Metric[] {
  return metrics.toSorted((a, b) => a.key.localeCompare(b.key));
}

function History({ run, metric }: { run: string; metric: string }) {
  const answer = useMlflow<{ metrics?: MetricPoint[] }>('/metrics/get-history', { run_id: run, metric_key: metric, max_results: 25_000 });
  return (
    <figure>
      <figcaption>{metric}</figcaption>
      <Answer of={answer}>
        {({ metrics: points = [] }) => {
          const kept = thinned(points.toSorted((a, b) => Number(a.step) - Number(b.step)), MOST_POINTS);
          return <LineChart label={metric} x={kept.map((point) => Number(point.step))} y={kept.map((point) => numberOf(point.value))} />;
        }}
      </Answer>
    </figure>
  );
}

/** At most `most` points; of each stretch the lowest and the highest stay, so that no spike is lost. */
export function thinned<P extends { value: number | string }>(points: P[], most: number): P[] {
  if (points.length <= most) return points;
  const stretch = Math.ceil((points.length * 2) / most);
  const kept: P[] = [];
  for (let start = 0; start < points.length; start += stretch) {
    const part = points.slice(start, start + stretch);
    let low = 0;
    let high = 0;
    part.forEach((point, index) => {
      if (numberOf(point.value) < numberOf(part[low]?.value ?? 0)) low = index;
      if (numberOf(point.value) > numberOf(part[high]?.value ?? 0)) high = index;
    });
    for (const index of [...new Set([low, high])].toSorted((a, b) => a - b)) {
      const point = part[index];
      if (point) kept.push(point);
    }
  }
  return kept;
}
