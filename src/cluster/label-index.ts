import {type LabelSelector, type Labels, POD_TEMPLATE_HASH} from './label-selector.ts';

/**
 * Values by the labels that they carry, so that nobody who asks for a label goes through thousands of them. Most labels
 * are of one value alone: it takes no set of its own.
 */
export class LabelIndex<T extends object | string> {
  readonly #values = new Map<string, T | Set<T>>();

  addAll(labels: Labels, value: T): void {
    for (const key in labels) {
      // Each rollout has another one, so nobody finds more by it than by the labels beside it.
      if (key !== POD_TEMPLATE_HASH) {
        this.add(labelText(key, labels[key] ?? ''), value);
      }
    }
  }

  deleteAll(labels: Labels, value: T): void {
    for (const key in labels) {
      this.delete(labelText(key, labels[key] ?? ''), value);
    }
  }

  add(label: string, value: T): void {
    const values = this.#values.get(label);
    if (values instanceof Set) {
      values.add(value);
    } else {
      this.#values.set(label, values === undefined || values === value ? value : new Set([values, value]));
    }
  }

  delete(label: string, value: T): void {
    const values = this.#values.get(label);
    if (values instanceof Set) {
      values.delete(value);
    }
    if (values === value || (values instanceof Set && values.size === 0)) {
      this.#values.delete(label);
    }
  }

  get(label: string): Iterable<T> {
    const values = this.#values.get(label);
    return values === undefined ? [] : values instanceof Set ? values : [values];
  }

  /**
   * All that the selector may mean, by the label of its matchLabels that fewest carry; undefined where it names none, so
   * that any value may be meant.
   */
  meantBy({matchLabels = {}}: LabelSelector): Iterable<T> | undefined {
    let fewest: {readonly label: string; readonly size: number} | undefined;
    for (const key in matchLabels) {
      if (key !== POD_TEMPLATE_HASH) {
        const label = labelText(key, matchLabels[key] ?? '');
        const size = this.#sizeOf(label);
        fewest = fewest === undefined || size < fewest.size ? {label, size} : fewest;
      }
    }
    return fewest === undefined ? undefined : this.get(fewest.label);
  }

  #sizeOf(label: string): number {
    const values = this.#values.get(label);
    return values === undefined ? 0 : values instanceof Set ? values.size : 1;
  }
}

/** For a selector that asks for no label by its value. */
export const ANY_LABELS = '';

/** A label, as `app=web`, without which nothing is meant; undefined for a selector that means nothing. */
export function labelAskedFor(selector: LabelSelector | undefined): string | undefined {
  if (selector === undefined) {
    return undefined;
  }
  for (const key in selector.matchLabels) {
    return labelText(key, selector.matchLabels[key] ?? '');
  }
  return ANY_LABELS;
}

/** As in `app=web`. */
export function labelText(key: string, value: string): string {
  return `${key}=${value}`;
}

export function labelTexts(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => labelText(key, value));
}
