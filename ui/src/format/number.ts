/**
 * Numbers for people: a fixed number of significant digits, thin groups of thousands, the unit beside the number.
 */
const DASH = '–';

/** `0.2134`, `1 204`, `12.3 M`; a dash for nothing, words for what is no number. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return DASH;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(2).replaceAll('-', '−').replace('e+', 'e');
  const decimals = size >= 10 ** digits ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  const rounded = Number.isInteger(value) ? String(value) : value.toFixed(Math.min(decimals, 6));
  return grouped(rounded);
}

/** A whole number with groups: `78 421`. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return grouped(String(Math.round(value)));
}

/** A share of one as percent: `12.5 %`. */
export function percent(share: number | null | undefined, decimals = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return DASH;
  return `${grouped((share * 100).toFixed(decimals))} %`;
}

/** `1.2 kB`, by thousands as file managers do. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined || !Number.isFinite(size)) return DASH;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rest = size;
  let unit = 0;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit]}`;
}

/** The unit that a metric's name tells, or nothing. */
export function unitOf(metric: string): string {
  if (metric.endsWith('_ms')) return 'ms';
  if (metric.endsWith('_us')) return 'µs';
  if (/_s$|_seconds$/.test(metric)) return 's';
  if (/_eur(_|$)/.test(metric)) return 'EUR';
  if (metric.endsWith('_bytes')) return 'B';
  return '';
}

/** Thin no-break spaces between groups of three digits, from five digits on. */
function grouped(text: string): string {
  const [whole = '', fraction] = text.replace('-', '−').split('.');
  const digits = whole.replace('−', '');
  const spaced = digits.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}
