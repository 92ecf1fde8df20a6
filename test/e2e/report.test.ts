/** The page of `kubectl spread report` in a real browser, as people open it: light, dark, on a phone, of 200 nodes. */
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import type {AxeResults} from 'axe-core';
import axe from 'axe-core';
import {type Browser, chromium, type Page} from 'playwright-core';
import {encodeCluster} from '../../src/cli/source/saved-cluster.ts';
import {runCli} from '../../src/cli/testing/run-cli.ts';
import {pictureOf} from '../../src/foresight/picture-of.ts';
import {applyLoad, moonlight} from '../../src/simulator/demo/moonlight.ts';
import {loadManifests, type Manifest} from '../../src/simulator/manifests.ts';
import {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';
import {chromiumPath} from '../browser/chromium.ts';

const longest = 120_000;
const phone = 390;
const desk = 1280;
const looks = [
  {width: desk, colorScheme: 'light'},
  {width: desk, colorScheme: 'dark'},
  {width: phone, colorScheme: 'light'},
  {width: phone, colorScheme: 'dark'},
] as const;
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spread-report-'));
  await Promise.all([report('few', loadedMoonlight()), report('many', manyNodes())]);
}, longest);

afterAll(async () => {
  await rm(directory, {recursive: true, force: true});
});

/** Three nodes, of which one is about to fail. */
function loadedMoonlight(): SimulatedCluster {
  const cluster = moonlight();
  applyLoad(cluster);
  cluster.advance(5000);
  return cluster;
}

/** 200 nodes in three zones; some Deployments came when only a few nodes took pods. */
function manyNodes(): SimulatedCluster {
  const cluster = new SimulatedCluster({seed: 3, nodes: 200, zones: 3, cpu: '8'});
  const closed = Array.from({length: 197}, (_, index) => `node-${index + 4}`);
  loadManifests(cluster.api, [{apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'shop'}}]);
  for (const node of closed) {
    cluster.cordon(node);
  }
  loadManifests(
    cluster.api,
    ['web', 'cart', 'search'].flatMap((name) => workload(name, 6)),
  );
  cluster.advance(30_000);
  for (const node of closed) {
    cluster.cordon(node, false);
  }
  loadManifests(
    cluster.api,
    Array.from({length: 30}, (_, index) => workload(`service-number-${index}`, 1 + (index % 9))).flat(),
  );
  cluster.advance(30_000);
  return cluster;
}

function workload(name: string, replicas: number): Manifest[] {
  const labels = {app: name};
  const containers = [{name: 'main', image: 'x:1', resources: {requests: {cpu: '100m', memory: '64Mi'}}}];
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {name, namespace: 'shop', labels},
      spec: {replicas, selector: {matchLabels: labels}, template: {metadata: {labels}, spec: {containers}}},
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {name, namespace: 'shop'},
      spec: {selector: labels, ports: [{port: 80}]},
    },
  ];
}

async function report(name: string, cluster: SimulatedCluster): Promise<void> {
  await writeFile(join(directory, `${name}.json`), encodeCluster(pictureOf(cluster), false));
  const {code, stderr} = await runCli(['report', '-A', '--snapshot', `${name}.json`, '-o', `${name}.html`], {
    directory,
  });
  expect({code, stderr}).toMatchObject({code: 0});
}

describe('the file', () => {
  it('is one page without scripts, links to elsewhere or anything to load', async () => {
    const page = await readFile(join(directory, 'many.html'), 'utf8');

    expect(page).not.toMatch(/<(?:script|link|img|iframe|object|embed)\b|https?:|@import|url\(/);
    expect(page).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;/);
    expect(page.length).toBeLessThan(200_000);
  });
});

const executablePath = chromiumPath();
if (executablePath === undefined) {
  console.error(
    'No Chromium on the PATH: the page is not opened. As root: node test/browser/ensure-chromium.ts',
  );
}
const inBrowser = executablePath === undefined ? describe.skip : describe;

inBrowser('the page in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    // The pages are ours, and Chromium's sandbox is not to be had as root.
    browser = await chromium.launch({executablePath: executablePath ?? '', args: ['--no-sandbox']});
  }, longest);

  afterAll(async () => {
    await browser?.close();
  });

  async function open(
    name: string,
    {width, colorScheme}: (typeof looks)[number],
  ): Promise<{readonly page: Page; readonly troubles: string[]}> {
    const page = await browser.newPage({viewport: {width, height: 900}, colorScheme});
    const url = pathToFileURL(join(directory, `${name}.html`)).href;
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== url) {
        troubles.push(`request: ${request.url()}`);
      }
    });
    await page.goto(url);
    return {page, troubles};
  }

  describe.each(['few', 'many'])('of %s nodes', (name) => {
    it.each(looks)(
      'is accessible, complete and no wider than $width px ($colorScheme)',
      async (look) => {
        const {page, troubles} = await open(name, look);

        // What is collapsed has to be good too.
        await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
        const width = await page.evaluate('document.documentElement.scrollWidth');
        await page.evaluate(axe.source);
        const {violations} = await page.evaluate<AxeResults>(
          `axe.run(document, {runOnly: ${JSON.stringify(standards)}})`,
        );
        await page.close();

        expect(
          violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(' ')}`.slice(0, 500)),
        ).toEqual([]);
        expect(troubles).toEqual([]);
        expect(width).toBe(look.width);
      },
      longest,
    );

    it(
      'has its headings in order',
      async () => {
        const {page} = await open(name, looks[0]);

        const levels = await page
          .locator('h1, h2, h3, h4')
          .evaluateAll((headings) => headings.map(({tagName}) => Number(tagName.slice(1))));
        await page.close();

        expect(levels.filter((level) => level === 1)).toHaveLength(1);
        expect(levels[0]).toBe(1);
        expect(levels.filter((level, index) => level > (levels[index - 1] ?? 1) + 1)).toEqual([]);
      },
      longest,
    );
  });

  it(
    'leads with the first key past the head of the page',
    async () => {
      const {page} = await open('few', looks[0]);

      await page.keyboard.press('Tab');
      const first = await page.locator(':focus').textContent();
      await page.keyboard.press('Enter');
      const focused = await page.locator(':focus').getAttribute('id');
      await page.close();

      expect({first, focused}).toEqual({first: 'Skip to the content', focused: 'content'});
    },
    longest,
  );

  it(
    'opens what is collapsed on paper',
    async () => {
      const {page} = await open('few', looks[0]);

      await page.emulateMedia({media: 'print'});
      const hidden = await page
        .locator('details li, details td')
        .evaluateAll(
          (cells) => cells.filter((cell) => !cell.checkVisibility({contentVisibilityAuto: true})).length,
        );
      await page.close();

      expect(hidden).toBe(0);
    },
    longest,
  );
});
