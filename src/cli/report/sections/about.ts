/** Of what the page was made, and what it does not know. */
import type {CpuBasis} from '../../../foresight/cpu-demand.ts';
import {type Html, html} from '../html.ts';
import type {Report} from '../report.ts';

const BASES: Readonly<Record<CpuBasis, string>> = {
  annotations:
    'CPU demand is what annotations on Services and pods say (simulator.spread-operator.io/load-cpu and base-cpu).',
  metrics:
    'CPU demand is what metrics-server measured when the cluster was read; of pods without a measurement, what they request. The endpoints of a Service share its load evenly, and load does not grow.',
  requests:
    'There were no CPU measurements: each pod is taken to use what it requests. No node is foreseen to fail of that, so cascades through CPU are not told here; with metrics-server in the cluster they are.',
};

const NOT_MODELLED = [
  'Memory, disks and the network do not run out; nodes fail by being lost or by CPU alone.',
  'Autoscalers add neither replicas nor nodes; nobody repairs a lost node.',
  'Pods that were not Ready stay so. Application errors, retries and caches are not known.',
  'Services without a selector, and what clients outside of the cluster need, are not looked at.',
] as const;

const AFTER =
  '“After the plan” is the cluster with the rules in the pod templates and the replicas where the moves are foreseen to bring them. The rollout of a template may bring them elsewhere, as far as its rule lets it.';

export function about({takenAt, scope, version, operator, basis, notes, after}: Report): Html {
  const time = new Date(takenAt).toISOString();
  return html`
<footer>
<h2>How this was made, and what it does not know</h2>
<p>Made by kubectl spread ${version} of ${scope}, read at <time datetime="${time}">${time.slice(0, 16).replace('T', ' ')} UTC</time>. The operator ${operator.message}. Placements come from a model of kube-scheduler, moves from the operator’s own planner, losses from a simulation of the cluster’s controllers over one hour.</p>
<ul>
<li>${BASES[basis]}</li>
${after !== undefined && html`<li>${AFTER}</li>`}
${NOT_MODELLED.map((line) => html`<li>${line}</li>`)}
${notes.map((note) => html`<li>${note}</li>`)}
</ul>
</footer>`;
}
