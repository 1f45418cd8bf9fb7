/**
 * One series over its steps.
 */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import { number } from '../format/number';
import { axes, Chart, type Palette } from './chart';

export function LineChart({ label, x, y }: { label: string; x: number[]; y: number[] }) {
  const data = useMemo((): uPlot.AlignedData => [x, y.map((value) => (Number.isFinite(value) ? value : null))], [x, y]);
  const options = (palette: Palette): Omit<uPlot.Options, 'width' | 'height'> => ({
    legend: { show: true },
    cursor: { drag: { x: true, y: false } },
    scales: { x: { time: false } },
    axes: axes(palette, {}, { values: (_, ticks) => ticks.map((tick) => number(tick, 3)) }),
    series: [
      { label: 'step' },
      { label, stroke: palette.line, width: 2, points: { show: x.length < 30 }, value: (_, value) => number(value as number | null) },
    ],
  });
  return <Chart label={`${label} over its steps`} data={data} height={200} options={options} />;
}
