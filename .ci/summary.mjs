// node .ci/summary.mjs <results> <exit code of npm cit> <exit code of npm run test:e2e> <Docker engine: yes or no> <Chromium: yes or no>
//
// Adds up what Jest says, and looks for what it does not call a failure: tests that were skipped although they could
// have run, and files that ran no test. Exits with 1 when anything is wrong.
import {readdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import jest from '../jest.config.mjs';

const [results = '', unitCode, e2eCode, docker, browser] = process.argv.slice(2);
const problems = [];
const e2e = [e2eTotals('e2e.json', isEndToEnd), e2eTotals('e2e.simulated.json', isScenario)];
if (e2eCode !== '0' && problems.length === 0 && e2e.every(({failed}) => failed === 0)) {
  problems.push(`npm run test:e2e ended with exit code ${e2eCode} although no test failed`);
}
const totals = [unitTotals(), ...e2e];

const sum = (key) => totals.reduce((total, counts) => total + counts[key], 0);
const failed = sum('failed') + problems.length;
const lines = [...problems.map((problem) => `*** ${problem}`), `${sum('passed')} passed, ${failed} failed`];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** From Jest's closing lines: `npm cit` passes no options on to it. */
function unitTotals() {
  const log = read('unit.log');
  const counts = (title) => {
    const line = log.split('\n').findLast((text) => text.startsWith(title)) ?? '';
    const count = (what) => Number(new RegExp(`(\\d+) ${what}`).exec(line)?.[1] ?? 0);
    return {passed: count('passed'), failed: count('failed'), skipped: count('skipped')};
  };
  const tests = counts('Tests:');
  const suites = counts('Test Suites:');
  if (tests.skipped > 0) {
    problems.push(`${tests.skipped} unit tests were skipped`);
  }
  // A file that cannot be loaded has no tests to count.
  const failed = Math.max(tests.failed, suites.failed);
  if (failed === 0 && (unitCode !== '0' || tests.passed === 0)) {
    problems.push(
      `npm cit failed outside of the tests (exit code ${unitCode}): installation, lint, or time limit`,
    );
  }
  return {passed: tests.passed, failed};
}

/** Of one of the two runs of `npm run test:e2e`; `isExpected` tells which files of test/e2e it has to run. */
function e2eTotals(report, isExpected) {
  const text = read(report);
  if (text === '') {
    problems.push(`npm run test:e2e left no ${report} (exit code ${e2eCode})`);
    return {passed: 0, failed: 0};
  }
  const {numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults} = JSON.parse(text);
  const tests = new Map(testResults.map(({name, assertionResults}) => [basename(name), assertionResults]));
  for (const file of readdirSync('test/e2e').filter(isExpected)) {
    const ran = (tests.get(file) ?? []).filter(({status}) => status === 'passed' || status === 'failed');
    if (ran.length === 0) {
      problems.push(`test/e2e/${file} ran no test (${report})`);
    }
  }
  for (const [file, assertions] of tests) {
    for (const {fullName, status} of assertions) {
      // The only good reasons: no container without an engine, no page without a browser. Why there is none was said above.
      const isExcused =
        (docker === 'no' && /container/i.test(fullName)) ||
        (browser === 'no' && /in a browser/.test(fullName));
      if (status !== 'passed' && status !== 'failed' && !isExcused) {
        problems.push(`test/e2e/${file}: "${fullName}" was skipped (${report})`);
      }
    }
  }
  return {passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites};
}

function read(file) {
  try {
    return readFileSync(join(results, file), 'utf8');
  } catch {
    return '';
  }
}

function isEndToEnd(file) {
  return file.endsWith('.test.ts');
}

/** As the Jest project `scenarios` has it. */
function isScenario(file) {
  const {testPathIgnorePatterns} = jest.projects.find(({displayName}) => displayName === 'scenarios');
  return isEndToEnd(file) && !testPathIgnorePatterns.some((pattern) => `/test/e2e/${file}`.includes(pattern));
}
