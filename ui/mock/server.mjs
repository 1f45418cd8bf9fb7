/**
 * A made-up server for work on the pages: `npm run mock`, then `IRONLOOP_URL=http://127.0.0.1:5055 npm run dev`, or open it
 * itself to see the built pages under the real security policy. Never part of the bundle and of no test of the product.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer } from './answers.mjs';

const PORT = Number(process.env.PORT ?? 5055);
const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const MIME = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${PORT}`);
  if (/^\/(api|ajax-api|invocations)/.test(url.pathname)) {
    const query = { ...Object.fromEntries(url.searchParams), ...(await bodyOf(request)) };
    const said = answer(url.pathname, query) ?? { status: 404, title: 'not found', detail: `${url.pathname} is not an address of this server` };
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(said));
    return;
  }
  const wanted = join(DIST, normalize(url.pathname));
  const file = wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(DIST, 'index.html');
  response.writeHead(200, { 'content-type': MIME[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  createReadStream(file).pipe(response);
});

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

server.listen(PORT, '127.0.0.1', () => console.log(`made-up server: http://127.0.0.1:${PORT}`));
