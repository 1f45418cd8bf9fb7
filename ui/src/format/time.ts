/**
 * Times for people: relative to the server's clock, exact in UTC on request. Windows are always exact days.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `just now`, `5 min ago`, `in 3 h`, `12 days ago`, then the day itself. */
export function relative(at: number, now: number): string {
  const past = now - at;
  const size = Math.abs(past);
  if (size < 45_000) return 'just now';
  const said = size < HOUR ? `${Math.round(size / MINUTE)} min` : size < DAY ? `${Math.round(size / HOUR)} h` : days(size);
  if (size > 60 * DAY) return day(at);
  return past > 0 ? `${said} ago` : `in ${said}`;
}

function days(size: number): string {
  const whole = Math.round(size / DAY);
  return whole === 1 ? '1 day' : `${whole} days`;
}

/** `2012-03-05` in UTC. */
export function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** `2012-03-05 14:07:09 UTC`. */
export function exact(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A duration in its two largest units: `340 ms`, `2.4 s`, `3 min 12 s`, `2 h 05 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms) || ms < 0) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** Whether a column's type holds moments, which travel as milliseconds. */
export function isMoment(type: string): boolean {
  return type === 'date' || type === 'timestamp';
}
