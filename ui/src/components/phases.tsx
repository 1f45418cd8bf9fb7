/**
 * The loop of a project in one strip: each phase with its state.
 */
import type { PhaseState } from '../api/types';
import { signOf } from '../format/verdict';

const ORDER = ['design', 'data', 'develop', 'deploy', 'maintain'];

export function PhaseStrip({ phases }: { phases: Record<string, PhaseState> }) {
  return (
    <ol className="phase-strip" aria-label="Phases">
      {ORDER.map((phase) => {
        const sign = signOf(phases[phase]);
        return (
          <li key={phase} className={`tone-${sign.tone}`} title={`${phase}: ${sign.word}`}>
            <span className="icon" aria-hidden="true">
              {sign.icon}
            </span>
            {phase}
            <span className="visually-hidden">: {sign.word}</span>
          </li>
        );
      })}
    </ol>
  );
}
