/**
 * A form made from the model's signature that sends one real request.
 */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { post, withQuery } from '../api/client';
import type { SignatureInput } from '../api/types';
import { Empty, Refusal } from './answer';
import { Num } from './show';
import { CopyMenu } from './copy-menu';

type Input = SignatureInput;
type Row = Record<string, string | number | boolean | null>;

export function TryIt({ endpoint, inputs }: { endpoint: string; inputs: Input[] }) {
  const [texts, setTexts] = useState<Record<string, string>>({});
  const path = withQuery('/invocations', { endpoint });
  const sent = useMutation({ mutationFn: (row: Row) => post<{ predictions?: unknown[] }>(path, { dataframe_records: [row] }) });
  if (inputs.length === 0) return <Empty>The signature of this endpoint is not known.</Empty>;
  const row = rowOf(inputs, texts);
  const body = JSON.stringify({ dataframe_records: [row] });
  const url = `${location.origin}${path}`;
  return (
    <form
      className="try-it"
      onSubmit={(event) => {
        event.preventDefault();
        sent.mutate(row);
      }}
    >
      {inputs.map((input) => (
        <label key={input.name}>
          <span>
            {input.name} <span className="dim">{kindOf(input)}</span>
          </span>
          <input
            value={texts[input.name] ?? ''}
            placeholder={exampleOf(kindOf(input))}
            inputMode={isNumber(kindOf(input)) ? 'decimal' : 'text'}
            onChange={(event) => setTexts({ ...texts, [input.name]: event.target.value })}
          />
        </label>
      ))}
      <div className="buttons">
        <button type="submit" className="primary" disabled={sent.isPending}>
          Predict
        </button>
        <CopyMenu
          curl={`curl -s '${url}' -H 'content-type: application/json' -d '${body.replaceAll("'", String.raw`'\''`)}'`}
          python={`requests.post(${JSON.stringify(url)}, json=${pythonOf(row)}).json()`}
        />
      </div>
      {sent.error && <Refusal error={sent.error} />}
      {sent.data && <output className="answer">{answerOf(sent.data.predictions)}</output>}
    </form>
  );
}

export const kindOf = (input: Input): string => (input.meaning ?? input.datatype ?? input.type ?? input.kind ?? 'text').toLowerCase();

export function isNumber(kind: string): boolean {
  return /^(fp?\d+|u?int\d*|[iu]\d+|float|double|long|integer|number|numeric)/.test(kind);
}

function exampleOf(kind: string): string {
  if (isNumber(kind)) return '12.5';
  if (/date|time/.test(kind)) return '2012-05-01T08:00:00';
  return /bool/.test(kind) ? 'true' : 'text';
}

/** What was typed, as JSON values; an empty field is a missing value. A word where a number belongs is sent as it is, so
 * that the server's own words come back. */
export function rowOf(inputs: Input[], texts: Record<string, string>): Row {
  return Object.fromEntries(
    inputs.map((input) => {
      const text = (texts[input.name] ?? '').trim();
      const kind = kindOf(input);
      if (text === '') return [input.name, null];
      if (isNumber(kind) && Number.isFinite(Number(text))) return [input.name, Number(text)];
      if (/bool/.test(kind) && /^(true|false)$/i.test(text)) return [input.name, text.toLowerCase() === 'true'];
      return [input.name, text];
    }),
  );
}

function pythonOf(row: Row): string {
  return JSON.stringify({ dataframe_records: [row] })
    .replaceAll(':null', ':None')
    .replaceAll(':true', ':True')
    .replaceAll(':false', ':False');
}

function answerOf(predictions: unknown[] | undefined) {
  const first = predictions?.[0];
  return typeof first === 'number' ? <Num value={first} digits={6} /> : <code>{JSON.stringify(first)}</code>;
}
