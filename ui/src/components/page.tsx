/**
 * The frame of a page: where we are, its title, its actions, then its sections.
 */
import { useEffect, type ReactNode } from 'react';
import { Link } from 'wouter';
import { CopyMenu, type Copies } from './copy-menu';

export interface Crumb {
  text: string;
  to: string;
}

interface PageProps {
  title: ReactNode;
  name: string;
  crumbs?: Crumb[];
  lead?: ReactNode;
  actions?: ReactNode;
  copies?: Copies;
  children: ReactNode;
}

const NONE: Crumb[] = [];

export function Page({ title, name, crumbs = NONE, lead, actions, copies, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · Ironloop`;
  }, [name]);
  return (
    <article className="page">
      <header className="page-head">
        <div>
          {crumbs.length > 0 && (
            <nav className="crumbs" aria-label="Where this page is">
              {crumbs.map((crumb) => (
                <Link key={crumb.to} href={crumb.to}>
                  {crumb.text}
                </Link>
              ))}
            </nav>
          )}
          <h1>{title}</h1>
          {lead && <div className="lead">{lead}</div>}
        </div>
        <div className="actions">
          {actions}
          {copies && <CopyMenu {...copies} />}
        </div>
      </header>
      {children}
    </article>
  );
}

export function Section({ title, aside, children, id }: { title: ReactNode; aside?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <section className="section" id={id}>
      <header>
        <h2>{title}</h2>
        {aside && <div className="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function Facts({ of }: { of: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
