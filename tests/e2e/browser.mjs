/**
 * A headless Chromium for the stories: one browser per file, a fresh page per story, and a watch that fails a story when
 * its pages break the security policy, throw, log an error or are wider than the window.
 *
 * The server under test is IRONLOOP_URL, and the bikes demo has run on it. Chromium is CHROMIUM, by default Debian's.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

export const BASE = (process.env.IRONLOOP_URL ?? 'http://127.0.0.1:5000').replace(/\/$/, '');
export const PROJECT = 'bikes';
export const ENDPOINT = 'bikes-api';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;

/** Starts and stops the browser around the stories of a file. */
export function withBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  });
  after(async () => {
    await browser?.close();
  });
}

/**
 * Runs `story` on a fresh page and then asserts that nothing went wrong on the way. `allowed` are answers (status codes)
 * that the story provokes; the browser logs them as errors.
 */
export async function onPage(story, { width = 1280, height = 900, user, allowed = [], scheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, baseURL: BASE, colorScheme: scheme });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const wrong = watch(page, allowed);
    if (user) await context.addInitScript((name) => localStorage.setItem('ironloop.user', name), user);
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`security policy: ${event.violatedDirective} refused ${event.blockedURI || 'inline code'}`);
      });
    });
    await story(page);
    assert.deepEqual(wrong, [], 'nothing goes wrong in the browser');
  } finally {
    await context.close();
  }
}

function watch(page, allowed) {
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    const provoked = allowed.some((status) => text.includes(`status of ${status}`));
    if (['error', 'warning'].includes(message.type()) && !provoked) wrong.push(`${page.url()}: ${text}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(BASE) && !/^(data|blob|about):/.test(request.url())) wrong.push(`${page.url()} asks ${request.url()}`);
  });
  return wrong;
}

/** Opens a page and waits until it shows its data. */
export async function open(page, path) {
  await page.goto(path);
  await page.locator('main h1').waitFor();
  await page.waitForFunction(() => document.querySelector('.loading') === null);
}

/** How far a page is wider than its window. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
