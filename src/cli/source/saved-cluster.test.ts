import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {pictureOf} from '../testing/picture-of.ts';
import {runCli} from '../testing/run-cli.ts';
import {Redactor} from './redactor.ts';
import {encodeCluster, readSavedCluster} from './saved-cluster.ts';

/** As far as these tests edit it. */
interface EditedFile {
  readonly objects: EditedObject[];
}

interface EditedObject {
  kind?: string;
  apiVersion?: string;
  metadata: {name?: string; uid?: string};
  spec: {
    replicas: number | string;
    containers?: unknown;
    template: {spec: {containers: {terminationMessagePath?: string}[]}};
  };
  status: {allocatable: {cpu: string}};
}

const AGAIN = '; correct it, or make the snapshot again with `kubectl spread snapshot`\n';

describe('cli/source/saved-cluster', () => {
  const picture = pictureOf(moonlight());
  const redactor = new Redactor();
  const saved = {...picture, objects: picture.objects.map((object) => redactor.redact(object))};
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-saved-'));
  });

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  async function save(content: unknown): Promise<void> {
    await writeFile(join(directory, 'edited.json'), JSON.stringify(content));
  }

  function edited(): EditedFile {
    return JSON.parse(encodeCluster(saved, false).toString());
  }

  function pushInto({objects}: EditedFile, object: object): void {
    objects.push(object as EditedObject);
  }

  function one({objects}: EditedFile, kind: string): EditedObject {
    return objects.find((each) => each.kind === kind) as EditedObject;
  }

  it('reads what snapshot writes', async () => {
    await save(edited());

    const {objects, server} = await readSavedCluster('edited.json', {directory});

    expect(objects.map(({kind, metadata}) => [kind, metadata.uid])).toEqual(
      saved.objects.map(({kind, metadata}) => [kind, metadata.uid]),
    );
    expect(server).toEqual(saved.server);
  });

  it('fills in defaults that somebody took away, so that a simulation comes to rest', async () => {
    const content = edited();
    for (const container of one(content, 'Deployment').spec.template.spec.containers) {
      delete container.terminationMessagePath;
    }
    await save(content);

    const {objects} = await readSavedCluster('edited.json', {directory});

    expect(objects.find(({kind}) => kind === 'Deployment')).toMatchObject({
      spec: {template: {spec: {containers: [{terminationMessagePath: '/dev/termination-log'}]}}},
    });
  });

  it.each<[string, (content: EditedFile) => void, string]>([
    [
      'a node with a hostile name',
      (content) => (one(content, 'Node').metadata.name = '<img>'),
      'Node "<img>": metadata.name: Invalid value: "<img>": a lowercase RFC 1123 subdomain must consist of',
    ],
    [
      'a name of several lines',
      (content) => (one(content, 'Node').metadata.name = 'a\nb'),
      String.raw`Node "a\nb": metadata.name: Invalid value: "a\nb"`,
    ],
    [
      'no name',
      (content) => delete one(content, 'Namespace').metadata.name,
      'objects[0], a Namespace: metadata.name: Required value',
    ],
    [
      'a pod without containers',
      (content) => delete one(content, 'Pod').spec.containers,
      'Pod moonlight/redis-POD: spec.containers: Required value',
    ],
    [
      'a quantity that is none',
      (content) => (one(content, 'Node').status.allocatable.cpu = 'four'),
      'Node node-1: status.allocatable.cpu: quantities must match the regular expression',
    ],
    [
      'a text in place of a number',
      (content) => (one(content, 'Deployment').spec.replicas = '3'),
      'Deployment moonlight/redis: spec.replicas: json: cannot unmarshal string',
    ],
    [
      'null',
      (content) => content.objects.splice(0, 1, null as never),
      'objects[0]: expected an object, found null',
    ],
    [
      'a text',
      (content) => content.objects.splice(0, 1, 'Pod' as never),
      'objects[0]: expected an object, found "Pod"',
    ],
    [
      'no kind',
      (content) => delete one(content, 'Namespace').kind,
      'objects[0]: expected a text as kind, found none',
    ],
    [
      'another apiVersion',
      (content) => (one(content, 'Deployment').apiVersion = 'v1'),
      'Deployment moonlight/redis: expected the apiVersion apps/v1, found "v1"',
    ],
    [
      'no metadata',
      (content) => delete (one(content, 'Namespace') as {metadata?: object}).metadata,
      'objects[0], a Namespace: it has no metadata',
    ],
    [
      'no uid',
      (content) => delete one(content, 'Pod').metadata.uid,
      'Pod moonlight/redis-POD: metadata.uid: Required value',
    ],
    [
      'an object twice',
      (content) => content.objects.push(one(content, 'Node')),
      'Node node-1: it is there twice',
    ],
    [
      'a pod that was copied by hand',
      (content) => {
        const pod = structuredClone(one(content, 'Pod'));
        pod.metadata.name = 'copy';
        content.objects.push(pod);
      },
      'Pod moonlight/copy: metadata.uid: Pod moonlight/redis-POD has the same',
    ],
    [
      'a policy that the API server would refuse',
      (content) =>
        pushInto(content, {
          apiVersion: 'spread-operator.io/v1alpha1',
          kind: 'SpreadPolicy',
          metadata: {...one(content, 'Pod').metadata, name: 'web', ownerReferences: []},
          spec: {topologies: 'hostname'},
        }),
      'SpreadPolicy moonlight/web: spec.',
    ],
    [
      'metrics that are no quantity',
      (content) =>
        pushInto(content, {
          apiVersion: 'metrics.k8s.io/v1beta1',
          kind: 'NodeMetrics',
          metadata: {name: 'node-1'},
          usage: {cpu: 'much'},
        }),
      'NodeMetrics node-1: usage.cpu: quantities must match the regular expression',
    ],
  ])('refuses %s in one line that names the object and says what to do', async (_, edit, problem) => {
    const content = edited();
    edit(content);
    await save(content);

    const {code, stdout, stderr} = await runCli(['map', '-A', '--snapshot', 'edited.json'], {directory});
    const told = stderr.replaceAll(/redis-[a-z0-9]+-[a-z0-9]+/g, 'redis-POD');

    expect({code, stdout}).toEqual({code: 2, stdout: ''});
    expect(told.slice(0, `error: snapshot edited.json: ${problem}`.length)).toBe(
      `error: snapshot edited.json: ${problem}`,
    );
    expect(told.indexOf('\n')).toBe(told.length - 1);
    expect(told.endsWith(AGAIN)).toBe(true);
  });

  it.each([
    ['null', null, 'snapshot edited.json: expected a ClusterSnapshot'],
    ['a list', [], 'snapshot edited.json: expected a ClusterSnapshot'],
    ['no version of the server', {server: null}, 'snapshot edited.json is incomplete'],
    ['an object of objects', {objects: {}}, 'snapshot edited.json is incomplete'],
    ['missing resources without names', {missing: [null]}, 'snapshot edited.json is incomplete'],
  ])('refuses %s in place of a saved cluster', async (_, change, problem) => {
    await save(change === null || Array.isArray(change) ? change : {...edited(), ...change});

    await expect(readSavedCluster('edited.json', {directory})).rejects.toThrow(problem);
  });
});
