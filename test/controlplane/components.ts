// The command line of each component. Everything listens on 127.0.0.1 or not at all.
import type {ClusterDirectory} from './cluster-directory.ts';
import type {ComponentSpec} from './component.ts';
import {failedNodeLabel} from './nodes.ts';

export interface Ports {
  etcd: number;
  etcdPeer: number;
  apiServer: number;
}

export function etcd(directory: ClusterDirectory, ports: Ports): ComponentSpec {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: 'etcd',
    arguments: [
      `--data-dir=${directory.file('etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // The data of a test need not survive a power cut.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
  };
}

export function apiServer(directory: ClusterDirectory, ports: Ports, flags: string[]): ComponentSpec {
  return {
    name: 'kube-apiserver',
    arguments: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.apiServer}`,
      `--cert-dir=${directory.file('certificates')}`,
      // Otherwise it looks for a default route, and there may be none. Nothing needs the kubernetes Service.
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.96.0.0/16',
      `--token-auth-file=${directory.file('tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${directory.file('service-account.pub')}`,
      `--service-account-signing-key-file=${directory.file('service-account.key')}`,
      `--audit-policy-file=${directory.file('audit-policy.yaml')}`,
      `--audit-log-path=${directory.auditFile}`,
      '--audit-log-format=json',
      // Metadata of a long test stays in one file: no rotation while it is read.
      '--audit-log-maxsize=10000',
      ...flags,
    ],
  };
}

export function controllerManager(directory: ClusterDirectory, flags: string[]): ComponentSpec {
  return {
    name: 'kube-controller-manager',
    arguments: [
      `--kubeconfig=${directory.kubeconfigFile('kube-controller-manager')}`,
      '--secure-port=0',
      // There is only one, and it must not give up while the API server restarts.
      '--leader-elect=false',
      '--controllers=*,-node-ipam-controller,-cloud-node-lifecycle-controller,-service-lb-controller',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${directory.file('service-account.key')}`,
      `--root-ca-file=${directory.certificateFile}`,
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      ...flags,
    ],
  };
}

export function scheduler(directory: ClusterDirectory, flags: string[]): ComponentSpec {
  return {
    name: 'kube-scheduler',
    arguments: [
      `--kubeconfig=${directory.kubeconfigFile('kube-scheduler')}`,
      '--secure-port=0',
      '--leader-elect=false',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      ...flags,
    ],
  };
}

export function kwok(directory: ClusterDirectory): ComponentSpec {
  return {
    name: 'kwok',
    arguments: [
      `--kubeconfig=${directory.kubeconfigFile('kwok')}`,
      `--config=${directory.file('kwok-stages.yaml')}`,
      `--manage-nodes-with-label-selector=${failedNodeLabel}!=true`,
      '--node-lease-duration-seconds=40',
      '--node-ip=10.0.0.1',
      '--cidr=10.0.0.1/16',
    ],
  };
}
