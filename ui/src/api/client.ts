/**
 * Requests to the server that sent the page. A refusal becomes a [`Problem`] that keeps what the server said: the
 * sentence, the hint and, for a gate, the criteria that failed.
 */
import { actor } from './actor';
import type { GateResult } from './types';

export type Query = Record<string, string | number | boolean | null | undefined>;

export class Problem extends Error {
  override name = 'Problem';
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly hint: string | null,
    readonly gate: GateResult | null,
  ) {
    super(detail || title);
  }
}

export function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  if (pairs.length === 0) return path;
  return `${path}?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString()}`;
}

export function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return send<T>(withQuery(path, query), { method: 'GET', signal: signal ?? null });
}

export function post<T>(path: string, body: unknown): Promise<T> {
  return send<T>(path, { method: 'POST', body: JSON.stringify(body) });
}

async function send<T>(path: string, init: RequestInit): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', 'x-ironloop-user': actor() };
  if (init.body) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'no answer', 'The server does not answer.', 'Is it running? ironloop up starts it.', null);
  }
  const text = await response.text();
  const body = parse(text);
  if (!response.ok) throw problem(response.status, response.statusText, body, text);
  return body as T;
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Both problem documents of `/api/v1` and MLflow's `{error_code, message}` say the same three things. */
export function problem(status: number, statusText: string, body: unknown, text: string): Problem {
  const said = (body ?? {}) as Record<string, unknown>;
  const title = word(said.title) ?? word(said.error_code) ?? (statusText || `status ${status}`);
  const detail = word(said.detail) ?? word(said.message) ?? word(said.error) ?? (body === null ? text.slice(0, 300) : title);
  const gate = said.gate && typeof said.gate === 'object' ? (said.gate as GateResult) : null;
  return new Problem(status, title, detail, word(said.hint), gate);
}

function word(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
