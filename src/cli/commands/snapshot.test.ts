import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {cachesOf} from '../../foresight/cluster-picture.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {ApiFace} from '../../simulator/http/api-face.ts';
import {readSavedCluster} from '../source/saved-cluster.ts';
import {runCli} from '../testing/run-cli.ts';

describe('cli/commands/snapshot', () => {
  let directory: string;
  let kubeconfig: string;
  let face: ApiFace;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-snapshot-'));
    kubeconfig = join(directory, 'kubeconfig');
    face = await ApiFace.start({api: moonlight().api});
    await face.writeKubeconfig(kubeconfig);
  });

  afterAll(async () => {
    await face.stop();
    await rm(directory, {recursive: true, force: true});
  });

  it('saves a live cluster so that it is read as the operator would see it', async () => {
    const saved = await runCli(['snapshot', '--kubeconfig', kubeconfig, '-o', 'cluster.json'], {directory});

    const {cache} = cachesOf(await readSavedCluster('cluster.json', {directory}));
    expect(saved).toMatchObject({code: 0, stdout: ''});
    expect([...cache.workloads()].map(({name}) => name).sort()).toEqual(['redis', 'ssr', 'web']);
    expect([...cache.state.nodeInfos()]).toHaveLength(3);
  });

  it('compresses by the name of the file', async () => {
    await runCli(['snapshot', '--kubeconfig', kubeconfig, '-o', 'cluster.json.gz'], {directory});

    const bytes = await readFile(join(directory, 'cluster.json.gz'));
    expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({kind: 'ClusterSnapshot'});
  });

  it('says what to do where there is no cluster', async () => {
    const result = await runCli(['snapshot', '-o', 'x.json'], {env: {KUBECONFIG: '/nowhere'}, directory});

    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: KUBECONFIG names no existing file: /nowhere; or name a saved cluster with --snapshot\n',
    });
  });
});
