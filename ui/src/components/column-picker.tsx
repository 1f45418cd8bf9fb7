/**
 * Chooses the columns of a run table. The choice stands in the address.
 */
import { useState } from 'react';

interface PickerProps {
  all: string[];
  shown: string[];
  onChange: (shown: string[] | null) => void;
}

export function ColumnPicker({ all, shown, onChange }: PickerProps) {
  const [search, setSearch] = useState('');
  const on = new Set(shown);
  const toggle = (id: string) => onChange(on.has(id) ? shown.filter((other) => other !== id) : [...shown, id]);
  return (
    <details className="picker">
      <summary>
        Columns <span className="dim num">{shown.length}</span>
      </summary>
      <div className="menu">
        <input type="search" placeholder="Filter columns" aria-label="Filter columns" value={search} onChange={(event) => setSearch(event.target.value)} />
        <ul>
          {all
            .filter((id) => id.toLowerCase().includes(search.toLowerCase()))
            .slice(0, 200)
            .map((id) => (
              <li key={id}>
                <label>
                  <input type="checkbox" checked={on.has(id)} onChange={() => toggle(id)} /> {id}
                </label>
              </li>
            ))}
        </ul>
        <button type="button" onClick={() => onChange(null)}>
          Back to the default
        </button>
      </div>
    </details>
  );
}
