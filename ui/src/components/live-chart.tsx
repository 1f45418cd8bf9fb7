/**
 * The chart that the loop is about: live error per window with its confidence band, the target, today's rule, and a line
 * for each rollout with the version that went live.
 */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import type { Watched } from '../api/types';
import { number } from '../format/number';
import { day } from '../format/time';
import { axes, Chart, type Palette } from './chart';

interface LiveChartProps {
  monitoring: Watched;
  target: { value: number; id: string } | null;
}

const HEIGHT = 340;

const shown = (_: uPlot, value: number | null) => (value === null ? '–' : number(value));

export function LiveChart({ monitoring, target }: LiveChartProps) {
  const data = useMemo(() => seriesOf(monitoring, target?.value ?? null), [monitoring, target?.value]);
  const { metric, rollouts } = monitoring;
  const options = (palette: Palette): Omit<uPlot.Options, 'width' | 'height'> => ({
    legend: { show: true, live: true },
    padding: [26, 12, 0, 0],
    tzDate: (seconds) => utc(seconds),
    axes: axes(palette, { space: 84, values: (_, ticks, _axis, _space, increment) => ticks.map((tick) => dayOf(tick, increment)) }, { values: (_, ticks) => ticks.map((tick) => number(tick, 3)) }),
    series: [
      { label: 'window to', value: (_, seconds) => (seconds === null ? '–' : day((seconds as number) * 1000)) },
      { label: `live ${metric}`, stroke: palette.line, width: 2, points: { show: true, size: 5 }, value: shown },
      { label: 'lower bound', stroke: 'transparent', points: { show: false }, value: shown },
      { label: 'upper bound', stroke: 'transparent', points: { show: false }, value: shown },
      { label: "today's rule", stroke: palette.second, width: 1.5, dash: [6, 4], points: { show: false }, value: shown },
      { label: target ? `target (${target.id})` : 'target', stroke: palette.target, width: 1.5, dash: [2, 3], points: { show: false }, value: shown },
    ],
    bands: [{ series: [3, 2], fill: palette.band }],
    hooks: { draw: [(plot) => drawRollouts(plot, rollouts, palette)] },
  });
  const version = JSON.stringify([metric, target, rollouts]);
  return (
    <figure className="live-chart">
      <Chart label={`Live ${metric} per window with ${rollouts.length} rollouts`} data={data} height={HEIGHT} options={options} version={version} />
      <figcaption>
        <span className="key key-live">live {metric}</span>
        <span className="key key-band">its 95 % bounds</span>
        <span className="key key-today">today's rule</span>
        {target && <span className="key key-target">target {number(target.value, 3)}</span>}
        <span className="key key-rollout">rollout</span>
        <ol className="rollouts" aria-label="Rollouts">
          {rollouts.map((rollout) => (
            <li key={`${rollout.at} ${rollout.version}`} data-rollout={rollout.version ?? ''}>
              {nameOf(rollout)} <time dateTime={new Date(rollout.at).toISOString()}>{day(rollout.at)}</time>
            </li>
          ))}
        </ol>
      </figcaption>
    </figure>
  );
}

/** The version, and that it did not stay where a canary stopped it. */
function nameOf({ version, promoted }: Watched['rollouts'][number]): string {
  return `${version === null ? '?' : `v${version}`}${promoted ? '' : ' ✗'}`;
}

/** Days as everywhere else, months where the ticks are months apart. */
function dayOf(seconds: number, increment: number): string {
  return day(seconds * 1000).slice(0, increment >= 28 * 86_400 ? 7 : 10);
}

/** uPlot splits its axis by the parts of a local date; ours are days in UTC everywhere. */
function utc(seconds: number): Date {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() + at.getTimezoneOffset() * 60_000);
}

/** A window stands at its end, where its verdict falls. */
export function seriesOf(monitoring: Watched, target: number | null): uPlot.AlignedData {
  const { metric, windows } = monitoring;
  const sorted = windows.toSorted((a, b) => a.end - b.end);
  const of = (pick: (live: { value: number | null; lower?: number | null; upper?: number | null }) => number | null | undefined) =>
    sorted.map((window) => {
      const live = window.live[metric];
      return live === undefined || live === null ? null : (pick(live) ?? null);
    });
  return [
    sorted.map((window) => window.end / 1000),
    of((live) => live.value),
    of((live) => live.lower),
    of((live) => live.upper),
    sorted.map((window) => window.today?.[metric] ?? null),
    sorted.map(() => target),
  ];
}

function drawRollouts(plot: uPlot, rollouts: Watched['rollouts'], palette: Palette): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.strokeStyle = palette.mark;
  ctx.fillStyle = palette.mark;
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([]);
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  let lastLabel = -Infinity;
  for (const rollout of rollouts.toSorted((a, b) => a.at - b.at)) {
    const x = Math.max(left, plot.valToPos(rollout.at / 1000, 'x', true));
    if (x > left + width || rollout.at / 1000 > (plot.scales.x?.max ?? Infinity)) continue;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    // Labels that would cover each other are left to the list below the chart.
    if (x - lastLabel > 26 * ratio) {
      ctx.fillText(nameOf(rollout), x, top - 8 * ratio);
      lastLabel = x;
    }
  }
  ctx.restore();
}
