/**
 * "Copy as": what the page shows, as the command or request that gives the same.
 */
import { useEffect, useRef, useState } from 'react';

export interface Copies {
  cli?: string;
  /** The address of the request, from the server's root. */
  curl?: string;
  python?: string;
}

export function CopyMenu({ cli, curl, python }: Copies) {
  const [open, setOpen] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return;
    const close = (event: Event) => {
      const escape = event instanceof KeyboardEvent && event.key === 'Escape';
      if (escape || (event instanceof MouseEvent && !box.current?.contains(event.target as Node))) setOpen(false);
    };
    document.addEventListener('mousedown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('mousedown', close);
      document.removeEventListener('keydown', close);
    };
  }, [open]);

  const entries: [string, string][] = [];
  if (cli) entries.push(['CLI', cli]);
  if (curl) entries.push(['curl', curl.startsWith('curl') ? curl : `curl -s '${location.origin}${curl}'`]);
  if (python) entries.push(['Python', python]);
  if (entries.length === 0) return null;

  const copy = async (kind: string, text: string) => {
    await copyText(text);
    setDone(kind);
    setTimeout(() => setDone(null), 1500);
  };

  return (
    <div className="copy-menu" ref={box}>
      <button type="button" aria-expanded={open} aria-haspopup="menu" onClick={() => setOpen(!open)}>
        Copy as <span aria-hidden="true">▾</span>
      </button>
      {open && (
        <div className="menu" role="menu">
          {entries.map(([kind, text]) => (
            <button key={kind} type="button" role="menuitem" onClick={() => void copy(kind, text)}>
              <span className="kind">{done === kind ? '✓ copied' : kind}</span>
              <code>{text}</code>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** The clipboard needs a safe origin; elsewhere the old way works. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
