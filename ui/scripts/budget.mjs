/**
 * Fails the build when the JavaScript that the first page loads is above its budget (400 kB gzipped).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 400;
const dist = new URL('../dist/', import.meta.url);
const page = readFileSync(new URL('index.html', dist), 'utf8');
const initial = readdirSync(new URL('assets/', dist)).filter((name) => name.endsWith('.js') && page.includes(name));
const bytes = initial.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(`assets/${name}`, dist))).length, 0);
const kb = Math.round(bytes / 1000);
if (kb > LIMIT_KB) {
  console.error(`initial JavaScript is ${kb} kB gzipped, more than the budget of ${LIMIT_KB} kB (${initial.join(', ')})`);
  process.exit(1);
}
if (/<script(?![^>]*\ssrc=)[^>]*>|\sstyle=/.test(page)) {
  console.error('dist/index.html holds an inline script or style, which the security policy refuses');
  process.exit(1);
}
console.log(`initial JavaScript: ${kb} kB gzipped of ${LIMIT_KB} kB`);
