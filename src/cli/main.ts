#!/usr/bin/env node
/**
 * Where the process of `kubectl spread` begins. Everything else is loaded from here, so that a Node which is too old
 * says so instead of failing at the first thing that it does not know.
 */
import {unsupportedNode} from './supported-node.ts';

const problem = unsupportedNode(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = 2;
} else if (process.argv[2] === 'operator') {
  // The operator has flags and an end of its own.
  process.argv.splice(2, 1);
  void import('../main.ts');
} else {
  void import('./process.ts');
}
