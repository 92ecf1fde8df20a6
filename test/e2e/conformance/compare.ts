// Runs the same steps on two servers and tells where the answers differ.
import {setTimeout as sleep} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';
import {differencesBetween} from './differences.ts';
import {definition, steps} from './steps.ts';
import {type Answer, normalized, type Target} from './target.ts';

export interface Comparison {
  readonly compared: number;
  /** One text for each step that was answered differently. */
  readonly differences: readonly string[];
}

export async function compareServers(real: Target, simulated: Target): Promise<Comparison> {
  await Promise.all([installDefinition(real), installDefinition(simulated)]);
  const answers = {real: new Map<string, Answer>(), simulated: new Map<string, Answer>()};
  const differences: string[] = [];
  for (const {title, call, until} of steps) {
    const ask = async (target: Target, known: Map<string, Answer>): Promise<Answer> => {
      const request = typeof call === 'function' ? call(known) : call;
      const deadline = Date.now() + 10_000;
      let answer = await target.call(request);
      const wanted = until ?? answer.status;
      while (answer.status !== wanted && Date.now() < deadline) {
        await sleep(50);
        answer = await target.call(request);
      }
      known.set(title, answer);
      return normalized(answer);
    };
    const [expected, actual] = await Promise.all([
      ask(real, answers.real),
      ask(simulated, answers.simulated),
    ]);
    if (!isDeepStrictEqual(actual, expected)) {
      differences.push([`${title}:`, ...differencesBetween(expected, actual, '')].join('\n'));
    }
  }
  return {compared: steps.length, differences};
}

async function installDefinition(target: Target): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await target.call({method: 'POST', path: `${path}?fieldManager=creator`, body: definition});
  const deadline = Date.now() + 30_000;
  const resource = '/apis/spread-operator.io/v1alpha1/spreadpolicies';
  while ((await target.call({method: 'GET', path: resource})).status !== 200) {
    if (Date.now() > deadline) throw new Error('the CustomResourceDefinition is not served after 30 s');
    await sleep(100);
  }
}
