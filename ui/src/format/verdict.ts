/**
 * The words, signs and tones of every state that the pages show. A state that nobody told us of is unknown, and
 * unknown never looks like a pass.
 */
import type { GateResult } from '../api/types';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'none';

export interface Sign {
  icon: string;
  word: string;
  tone: Tone;
}

const SIGNS: Record<string, Sign> = {
  pass: { icon: '✓', word: 'pass', tone: 'good' },
  fail: { icon: '✗', word: 'fail', tone: 'bad' },
  unknown: { icon: '?', word: 'unknown', tone: 'none' },
  overridden: { icon: '!', word: 'overridden', tone: 'warn' },
  ok: { icon: '✓', word: 'ok', tone: 'good' },
  warn: { icon: '!', word: 'warn', tone: 'warn' },
  alert: { icon: '✗', word: 'alert', tone: 'bad' },
  done: { icon: '✓', word: 'done', tone: 'good' },
  missing: { icon: '○', word: 'missing', tone: 'none' },
  current: { icon: '✓', word: 'current', tone: 'good' },
  superseded: { icon: '·', word: 'superseded', tone: 'none' },
  quarantined: { icon: '✗', word: 'quarantined', tone: 'bad' },
  running: { icon: '…', word: 'running', tone: 'busy' },
  queued: { icon: '○', word: 'queued', tone: 'none' },
  waiting: { icon: '○', word: 'waiting', tone: 'none' },
  scheduled: { icon: '○', word: 'scheduled', tone: 'none' },
  finished: { icon: '✓', word: 'finished', tone: 'good' },
  succeeded: { icon: '✓', word: 'succeeded', tone: 'good' },
  failed: { icon: '✗', word: 'failed', tone: 'bad' },
  killed: { icon: '✗', word: 'killed', tone: 'bad' },
  serving: { icon: '✓', word: 'serving', tone: 'good' },
  'rolling out': { icon: '…', word: 'rolling out', tone: 'busy' },
  empty: { icon: '○', word: 'empty', tone: 'none' },
  planned: { icon: '○', word: 'planned', tone: 'none' },
  stopped: { icon: '✗', word: 'stopped', tone: 'bad' },
  feasible: { icon: '✓', word: 'feasible', tone: 'good' },
  'not feasible': { icon: '✗', word: 'not feasible', tone: 'bad' },
  live: { icon: '✓', word: 'live', tone: 'good' },
  ready: { icon: '✓', word: 'ready', tone: 'good' },
  canary: { icon: '…', word: 'canary', tone: 'busy' },
  retired: { icon: '·', word: 'retired', tone: 'none' },
  open: { icon: '✗', word: 'open', tone: 'bad' },
  firing: { icon: '✗', word: 'firing', tone: 'bad' },
  acknowledged: { icon: '!', word: 'acknowledged', tone: 'warn' },
  resolved: { icon: '✓', word: 'resolved', tone: 'good' },
  asked: { icon: '○', word: 'asked', tone: 'none' },
  given: { icon: '✓', word: 'given', tone: 'good' },
  approved: { icon: '✓', word: 'approved', tone: 'good' },
  refused: { icon: '✗', word: 'refused', tone: 'bad' },
  rejected: { icon: '✗', word: 'rejected', tone: 'bad' },
  void: { icon: '!', word: 'void', tone: 'warn' },
  expired: { icon: '!', word: 'expired', tone: 'warn' },
  promoted: { icon: '✓', word: 'promoted', tone: 'good' },
  'rolled back': { icon: '✗', word: 'rolled back', tone: 'bad' },
  skipped: { icon: '·', word: 'skipped', tone: 'none' },
};

export function signOf(state: string | null | undefined): Sign {
  const key = (state ?? 'unknown').toLowerCase().replaceAll('_', ' ');
  return SIGNS[key] ?? { icon: '·', word: key, tone: 'none' };
}

/** The verdict of several: one failure fails, one unknown leaves it unknown, nothing at all is unknown. */
export function together(verdicts: (string | null | undefined)[]): 'pass' | 'fail' | 'unknown' {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'pass') ? 'pass' : 'unknown';
}

/** How many of each, for a cell that has no room for all. */
export function tally(verdicts: Record<string, string>): { pass: number; fail: number; unknown: number } {
  const result = { pass: 0, fail: 0, unknown: 0 };
  for (const verdict of Object.values(verdicts)) {
    if (verdict === 'pass' || verdict === 'fail') result[verdict] += 1;
    else result.unknown += 1;
  }
  return result;
}

/** Why people cannot agree yet: the gate before, or the first criterion that does not pass. */
export function obstacleOf(gate: GateResult): string | null {
  if (gate.after && gate.after.verdict !== 'pass') return `gate ${gate.after.gate} comes first${gate.after.obstacle ? `: ${gate.after.obstacle}` : ''}`;
  const open = gate.criteria.find((criterion) => criterion.verdict === 'fail') ?? gate.criteria.find((criterion) => criterion.verdict !== 'pass');
  if (open === undefined) return null;
  return `criterion ${open.id} ${open.verdict === 'fail' ? 'fails' : 'is unknown'}`;
}

/** What changes hands when an alias moves, in sentences: shown before, with the way back. */
export function promotionEffect(
  model: string,
  alias: string,
  version: number,
  holder: number | undefined,
  followers: string[],
): { effect: string[]; undo: string } {
  const effect =
    holder === version
      ? [`Version ${version} already holds ${alias}; nothing changes.`]
      : [
          holder === undefined
            ? `${alias} of ${model} is set for the first time, to version ${version}.`
            : `${alias} of ${model} moves from version ${holder} to version ${version}.`,
          followers.length === 0
            ? 'No deployment follows this alias: no caller sees a difference.'
            : `${followers.join(', ')} ${followers.length === 1 ? 'follows' : 'follow'} this alias: the next deploy rolls version ${version} out.`,
        ];
  const undo = holder === undefined || holder === version ? 'There is no earlier version to go back to.' : `Promote version ${holder} again.`;
  return { effect, undo };
}
