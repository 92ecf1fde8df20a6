/** The columns of `kubectl get` by kind. Source: kubernetes/pkg/printers/internalversion/printers.go. */
import type {Resource} from '../../apiserver/resources.ts';
import type {ApiObject} from '../../cluster-api.ts';
import {clusterPrinters} from './cluster.ts';
import {nameColumn} from './columns.ts';
import {workloadPrinters} from './workloads.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** Above 0: only with -o wide. */
  readonly priority: number;
  readonly cell: (object: ApiObject, now: number) => unknown;
}

const printers: Readonly<Record<string, readonly TableColumn[]>> = {...workloadPrinters, ...clusterPrinters};

const createdAt: TableColumn = {
  name: 'Created At',
  type: 'date',
  format: '',
  description: '',
  priority: 0,
  cell: ({metadata}) => metadata.creationTimestamp,
};

export function columnsOf({storage}: Resource): readonly TableColumn[] {
  return printers[storage] ?? [nameColumn, createdAt];
}
