import {describe, expect, it} from '@jest/globals';
import {type ClusterPicture, cachesOf} from '../../foresight/cluster-picture.ts';
import {previewOperator} from '../../foresight/operator-preview.ts';
import {assumePolicies} from '../../foresight/policy-sources.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {DEPLOYMENTS, PODS} from '../../simulator/objects.ts';
import {SimulatedCluster} from '../../simulator/simulated-cluster.ts';
import {pictureOf} from '../testing/picture-of.ts';
import {Redactor} from './redactor.ts';
import {READ_RESOURCES} from './resources.ts';

const SECRET = 'hunter2';

describe('cli/source/redactor', () => {
  const metadata = {
    name: 'web',
    namespace: 'shop',
    uid: 'a',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: {app: 'web'},
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': SECRET,
      'vault.hashicorp.com/token': SECRET,
      'spread-operator.io/exclude': 'true',
    },
    managedFields: [
      {manager: 'kubectl', operation: 'Apply', fieldsV1: {'f:spec': {'f:template': {[`f:${SECRET}`]: {}}}}},
      {
        manager: 'helm',
        operation: 'Apply',
        fieldsV1: {
          'f:spec': {
            'f:template': {
              'f:spec': {
                'f:affinity': {'f:podAntiAffinity': {}},
                'f:containers': {'k:{"name":"main"}': {'f:env': {[`k:{"name":"${SECRET}"}`]: {}}}},
              },
            },
          },
        },
      },
    ],
  };
  const probe = {
    exec: {command: ['check', SECRET]},
    httpGet: {path: `/?token=${SECRET}`, port: 80, host: SECRET, httpHeaders: [{name: 'X', value: SECRET}]},
    periodSeconds: 5,
  };
  const podSpec = {
    containers: [
      {
        name: 'main',
        image: 'web:1',
        env: [{name: 'PASSWORD', value: SECRET}],
        envFrom: [{secretRef: {name: SECRET}}],
        command: ['web', SECRET],
        args: [SECRET],
        workingDir: SECRET,
        resources: {requests: {cpu: '100m'}},
        readinessProbe: probe,
        livenessProbe: probe,
        startupProbe: probe,
        lifecycle: {preStop: {exec: {command: [SECRET]}}},
        volumeMounts: [{name: 'v', mountPath: `/${SECRET}`}],
        securityContext: {seLinuxOptions: {user: SECRET}},
      },
    ],
    initContainers: [{name: 'init', image: 'web:1', env: [{name: 'A', value: SECRET}], args: [SECRET]}],
    ephemeralContainers: [{name: 'debug', command: [SECRET]}],
    imagePullSecrets: [{name: SECRET}],
    serviceAccountName: SECRET,
    hostAliases: [{ip: '10.0.0.1', hostnames: [SECRET]}],
    volumes: [
      {name: 'v', secret: {secretName: SECRET}},
      {name: 'c', configMap: {name: SECRET}},
      {name: 'p', projected: {sources: [{secret: {name: SECRET}}]}},
      {name: 'h', hostPath: {path: `/${SECRET}`}},
      {name: 'i', csi: {driver: 'd', nodePublishSecretRef: {name: SECRET}, volumeAttributes: {a: SECRET}}},
      {
        name: 'r',
        rbd: {monitors: ['m'], image: 'i', user: SECRET, keyring: SECRET, secretRef: {name: SECRET}},
      },
      {name: 'd', persistentVolumeClaim: {claimName: 'data'}},
    ],
  };
  const condition = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: `value: "${SECRET}"`,
  };
  /** Something of everything in every kind, whether it has the field or not. */
  const everything = {
    metadata,
    spec: {
      ...podSpec,
      template: {metadata, spec: podSpec},
      volumeClaimTemplates: [{metadata, spec: {storageClassName: 'fast', secret: SECRET}}],
      csi: {
        driver: 'd',
        volumeHandle: 'h',
        nodeStageSecretRef: {name: SECRET},
        volumeAttributes: {a: SECRET},
      },
      azureFile: {secretName: SECRET},
      externalName: SECRET,
      loadBalancerIP: SECRET,
      providerID: SECRET,
      metrics: [{type: 'External', external: {metric: {name: SECRET}}}],
    },
    status: {
      conditions: [condition],
      containerStatuses: [
        {name: 'main', state: {terminated: {reason: 'Error', exitCode: 1, message: SECRET}}, lastState: {}},
      ],
      message: SECRET,
      loadBalancer: {ingress: [{hostname: SECRET}]},
      addresses: [{type: 'Hostname', address: SECRET}],
    },
    parameters: {'csi.storage.k8s.io/node-stage-secret-name': SECRET},
    data: {password: SECRET},
    stringData: {password: SECRET},
    description: SECRET,
  };
  /** The API server has no such fields in them. */
  const KEPT_WHOLE = new Set([
    'SpreadPolicy',
    'PodMetrics',
    'NodeMetrics',
    'Lease',
    'PodDisruptionBudget',
    'CSINode',
    'CSIDriver',
  ]);

  it.each([...READ_RESOURCES.filter(({kind}) => !KEPT_WHOLE.has(kind)), {apiVersion: 'v1', kind: 'Secret'}])(
    'leaves nothing secret in a $kind',
    ({apiVersion, kind}) => {
      const redacted = new Redactor().redact({apiVersion, kind, ...everything});

      expect(JSON.stringify(redacted)).not.toContain(SECRET);
      expect(redacted.metadata).toMatchObject({name: 'web', labels: {app: 'web'}});
    },
  );

  it.each([...KEPT_WHOLE])('leaves nothing secret in the metadata of a %s', (kind) => {
    const redacted = new Redactor().redact({apiVersion: 'v1', kind, metadata});

    expect(JSON.stringify(redacted)).not.toContain(SECRET);
  });

  it('keeps what placement, owners and probes are told by', () => {
    const deployment = {apiVersion: 'apps/v1', kind: 'Deployment', ...everything} as ApiObject;

    const redacted = new Redactor().redact(deployment);

    expect(redacted).toMatchObject({
      metadata: {
        annotations: {'spread-operator.io/exclude': 'true'},
        managedFields: [{manager: 'helm'}],
      },
      spec: {
        template: {
          spec: {
            containers: [
              {
                resources: {requests: {cpu: '100m'}},
                readinessProbe: {exec: {}, httpGet: {port: 80, path: '/'}, periodSeconds: 5},
              },
            ],
            volumes: [{name: 'r'}, {name: 'd', persistentVolumeClaim: {claimName: 'data'}}],
          },
        },
      },
      status: {conditions: [{type: 'ReplicaFailure', reason: 'FailedCreate'}]},
    });
  });

  it('still tells revisions apart that differ only in what is left out', () => {
    const redactor = new Redactor();
    const withEnv = (kind: string, value: string, hash: string) => {
      const [container] = podSpec.containers;
      const spec = {...podSpec, containers: [{...container, env: [{name: 'A', value}]}]};
      const labels = {app: 'web', ...(hash === '' ? {} : {'pod-template-hash': hash})};
      return {
        apiVersion: 'apps/v1',
        kind,
        metadata,
        spec: {template: {metadata: {labels}, spec}},
      } as ApiObject;
    };

    const [older, newer, deployment] = [
      withEnv('ReplicaSet', 'old', '1'),
      withEnv('ReplicaSet', 'new', '2'),
      withEnv('Deployment', 'new', ''),
    ].map((object) => {
      const {template} = redactor.redact(object)['spec'] as {template: {metadata: {annotations?: object}}};
      return template.metadata.annotations;
    });

    expect(newer).toEqual(deployment);
    expect(older).not.toEqual(newer);
  });

  describe('over a whole cluster', () => {
    const cluster = moonlight();
    // A second revision, so that there are ReplicaSets of the past, too.
    cluster.api.update(
      DEPLOYMENTS,
      'moonlight',
      'ssr',
      (object) => {
        const spec = object['spec'] as {template: {spec: {containers: object[]}}};
        const containers = spec.template.spec.containers.map((each) => ({
          ...each,
          env: [{name: 'A', value: 'b'}],
        }));
        return {
          ...object,
          spec: {...spec, template: {...spec.template, spec: {...spec.template.spec, containers}}},
        };
      },
      {actor: 'kubectl'},
    );
    cluster.advance(60_000);
    const picture = pictureOf(cluster);
    const redactor = new Redactor();
    const redacted = {...picture, objects: picture.objects.map((object) => redactor.redact(object))};

    async function preview(of: ClusterPicture): Promise<unknown> {
      const caches = cachesOf(of);
      assumePolicies(caches);
      const {workloads} = await previewOperator(caches, of);
      return workloads.map(({key, entry, edit, moves}) => ({key, entry, edit, moves}));
    }

    it('leads to the same decisions', async () => {
      expect(await preview(redacted)).toEqual(await preview(picture));
    });

    it('goes on in a simulation without anything happening', () => {
      const simulated = new SimulatedCluster({start: picture.takenAt});

      simulated.restore(redacted.objects);
      simulated.advance(300_000);

      const placed = (of: SimulatedCluster) =>
        of.api.list(PODS).map(({metadata: {name}, spec}) => [name, (spec as {nodeName?: string}).nodeName]);
      expect(placed(simulated)).toEqual(placed(cluster));
    });
  });
});
