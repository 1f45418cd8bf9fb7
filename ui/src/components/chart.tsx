/**
 * uPlot in React: the chart is made once per set of options, takes new data without a redraw of the page, and follows the
 * width of its box and the colour scheme.
 */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useColourScheme } from '../hooks/colour-scheme';

export interface Palette {
  text: string;
  grid: string;
  line: string;
  second: string;
  target: string;
  mark: string;
  band: string;
}

interface ChartProps {
  label: string;
  data: uPlot.AlignedData;
  height: number;
  options: (palette: Palette) => Omit<uPlot.Options, 'width' | 'height'>;
  /** Changes when the options must be built anew. */
  version?: string;
}

export function Chart(props: ChartProps) {
  const scheme = useColourScheme();
  return <Plot key={`${scheme} ${props.version ?? ''}`} {...props} />;
}

function Plot({ label, data, height, options }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data, options });

  useEffect(() => {
    latest.current = { data, options };
  }, [data, options]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const built = new uPlot(
      { ...latest.current.options(paletteOf(element)), width: Math.max(200, element.clientWidth), height },
      latest.current.data,
      element,
    );
    plot.current = built;
    const resized = new ResizeObserver(() => built.setSize({ width: Math.max(200, element.clientWidth), height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      built.destroy();
      plot.current = null;
    };
  }, [height]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return <div className="chart" ref={box} role="img" aria-label={label} />;
}

/** A canvas cannot use CSS variables by itself. */
function paletteOf(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: colour('--dim'),
    grid: colour('--line'),
    line: colour('--blue'),
    second: colour('--orange'),
    target: colour('--red'),
    mark: colour('--violet'),
    band: colour('--blue-soft'),
  };
}

export function axes(palette: Palette, x: Partial<uPlot.Axis> = {}, y: Partial<uPlot.Axis> = {}): uPlot.Axis[] {
  const base: uPlot.Axis = {
    stroke: palette.text,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return [
    { ...base, ...x },
    { ...base, size: 58, ...y },
  ];
}
