/**
 * The frame around every page: where one can go, and who acts.
 */
import { useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { actor, isName, setActor } from '../api/actor';
import { Boundary } from './boundary';

const PLACES: [string, string][] = [
  ['/', 'Home'],
  ['/experiments', 'Experiments'],
  ['/jobs', 'Jobs'],
  ['/activity', 'Activity'],
];

const PARTS: [string, string][] = [
  ['', 'Project'],
  ['/data', 'Data'],
  ['/runs', 'Runs'],
  ['/models', 'Models'],
  ['/deployments', 'Deployments'],
  ['/monitoring', 'Monitoring'],
  ['/jobs', 'Jobs'],
  ['/activity', 'Activity'],
];

export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const project = /^\/p\/([^/]+)/.exec(path)?.[1];
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <path d="M10 10c-8 0-8 12 0 12 6 0 6-12 12-12 8 0 8 12 0 12-6 0-6-12-12-12z" fill="none" stroke="currentColor" strokeWidth="3.6" strokeLinecap="round" />
          </svg>
          Ironloop
        </Link>
        <nav aria-label="Places">
          {PLACES.map(([to, text]) => (
            <Link key={to} href={to} aria-current={isAt(path, to) ? 'page' : undefined}>
              {text}
            </Link>
          ))}
        </nav>
        <Who />
      </header>
      {project && (
        <nav className="parts" aria-label={`Parts of ${decodeURIComponent(project)}`}>
          {PARTS.map(([suffix, text]) => {
            const to = `/p/${project}${suffix}`;
            const here = suffix === '' ? path === to : path.startsWith(to);
            return (
              <Link key={to} href={to} aria-current={here ? 'page' : undefined}>
                {text}
              </Link>
            );
          })}
        </nav>
      )}
      <main id="main">
        <Boundary place={path}>{children}</Boundary>
      </main>
    </>
  );
}

function isAt(path: string, to: string): boolean {
  return to === '/' ? path === '/' : path.startsWith(to);
}

function Who() {
  const [name, setName] = useState(actor());
  return (
    <label className="who" title="Your name in the audit log, until logins exist: letters, digits or -_.@+: Kept in this browser.">
      Acting as
      <input
        value={name}
        size={Math.max(6, name.length)}
        aria-label="Acting as"
        aria-invalid={name !== '' && !isName(name) ? true : undefined}
        spellCheck={false}
        onChange={(event) => {
          setName(event.target.value);
          setActor(event.target.value);
        }}
        onBlur={() => setName(actor())}
      />
    </label>
  );
}
