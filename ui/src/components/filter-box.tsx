/**
 * A filter in MLflow's language. It is sent with Enter, so that half a condition asks nothing of the server.
 */
import { useState } from 'react';

const EXAMPLE = `metrics.wape < 0.3 and params.candidate = 'boost'`;

export function FilterBox({ value, error, onChange }: { value: string; error: unknown; onChange: (filter: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <form
      className="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <input
        type="search"
        data-search
        aria-label="Filter runs"
        aria-invalid={error && value !== '' ? true : undefined}
        placeholder={`${EXAMPLE}   ( / )`}
        title="MLflow's filter language: metrics, params, tags, attributes; joined by and. Enter applies it."
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" disabled={text.trim() === value}>
        Filter
      </button>
      {value !== '' && (
        <button type="button" className="plain" onClick={() => onChange('')}>
          Clear
        </button>
      )}
    </form>
  );
}
