import {capitalised, type Text} from '../output/text.ts';

/** @param clusterClosed `no node takes pods (not Ready: node-a)` */
export function closedClusterLine(clusterClosed: string): Text {
  return [
    {text: capitalised(clusterClosed), tone: 'bad'},
    ': nothing can be moved, and a pod that loses its node stays Pending.',
  ];
}
