/**
 * The build of the pages: one folder `dist`, hashed names under `assets/`, nothing inlined into the page (the server's
 * security policy allows no inline script or style). `npm run dev` sends what is not a page to IRONLOOP_URL.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.IRONLOOP_URL ?? 'http://127.0.0.1:5000';
const apis = ['/api', '/ajax-api', '/v2', '/invocations', '/endpoints', '/health', '/version'];

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: Object.fromEntries(apis.map((path) => [path, server])) },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
