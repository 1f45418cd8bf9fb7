/**
 * Who acts. Until logins exist the person says who they are; the name travels in `x-ironloop-user` and stands in the
 * audit log. It is kept in this browser only.
 */
const KEY = 'ironloop.user';

export function actor(): string {
  return localStorage.getItem(KEY) ?? 'local';
}

export function setActor(name: string): void {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed === 'local') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, trimmed);
}
