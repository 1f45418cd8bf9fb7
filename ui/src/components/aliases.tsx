/**
 * The movable names of a model and the versions that they name now.
 */
import { Link } from 'wouter';

export function Aliases({ of, to }: { of: Record<string, number>; to: (version: number) => string }) {
  const names = Object.entries(of);
  if (names.length === 0) return <span className="dim">none</span>;
  return (
    <span className="tally">
      {names.map(([alias, version]) => (
        <Link key={alias} href={to(version)} className={`alias alias-${alias}`}>
          {alias} <span className="num">v{version}</span>
        </Link>
      ))}
    </span>
  );
}

export function AliasNames({ of }: { of: string[] }) {
  return (
    <span className="tally">
      {of.map((alias) => (
        <span key={alias} className={`alias alias-${alias}`}>
          {alias}
        </span>
      ))}
    </span>
  );
}
