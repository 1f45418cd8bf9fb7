/**
 * Who acts. Until logins exist the person says who they are; the name travels in `x-ironloop-user` and stands in the
 * audit log. It is kept in this browser only.
 */
const KEY = 'ironloop.user';
const NOBODY = 'local';

export function actor(): string {
  return localStorage.getItem(KEY) ?? NOBODY;
}

/** What the server takes for a name; `ironloop` is the system itself. */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9_.@+:-]{1,100}$/.test(name) && name !== 'ironloop';
}

/** Keeps the name if it is one; an empty one gives the name back. */
export function setActor(name: string): void {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed === NOBODY) localStorage.removeItem(KEY);
  else if (isName(trimmed)) localStorage.setItem(KEY, trimmed);
}
