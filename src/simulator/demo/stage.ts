/** Lets a cluster's time pass and shows what happens in it meanwhile. */
import {setTimeout as sleep} from 'node:timers/promises';
import {RealTimeDriver} from '../drivers.ts';
import {isPodReady} from '../objects.ts';
import type {SimulatedCluster} from '../simulated-cluster.ts';
import {Narrator, type News} from './narrator.ts';
import type {OperatorNews} from './operator-news.ts';
import {LEGEND, picture} from './picture.ts';
import type {Screen} from './screen.ts';
import {asMinutes} from './words.ts';

const FRAME_MILLISECONDS = 100;
const MINUTE = 60_000;
/** For reading what has just been told, before time goes on. */
const READING_MILLISECONDS = 500;
const LONGEST_READING_MILLISECONDS = 1300;

export interface Play {
  /** Simulated seconds per second. Above 1 time stands still while news are read. */
  readonly speed: number;
  /** Simulated. */
  readonly minutes: number;
  /** Ends it before its time. */
  readonly until?: () => boolean;
  /** Looked at several times a second; throws when it makes no sense to go on. */
  readonly check?: () => void;
}

export class Stage {
  readonly cluster: SimulatedCluster;
  readonly #screen: Screen;
  readonly #signal: AbortSignal;
  readonly #narrator: Narrator;
  readonly #operator: OperatorNews | undefined;
  /** What the times shown count from. */
  readonly start: number;

  /** `operator` when there is one in this cluster. */
  constructor(cluster: SimulatedCluster, screen: Screen, signal: AbortSignal, operator?: OperatorNews) {
    this.cluster = cluster;
    this.#screen = screen;
    this.#signal = signal;
    this.#narrator = new Narrator(cluster);
    this.#operator = operator;
    this.start = cluster.now;
  }

  /** True when `until` held, or there was none. */
  async play({speed, minutes, until, check}: Play): Promise<boolean> {
    const end = this.cluster.now + minutes * MINUTE;
    let driver = new RealTimeDriver(this.cluster.clock, speed);
    driver.start();
    try {
      while (this.cluster.now < end) {
        await sleep(FRAME_MILLISECONDS, undefined, {signal: this.#signal});
        check?.();
        const count = this.#look();
        if (until?.() === true) {
          return true;
        }
        if (count > 0 && speed > 1 && this.#screen.isLive) {
          driver.stop();
          await this.pause(Math.min(count * READING_MILLISECONDS, LONGEST_READING_MILLISECONDS));
          driver = new RealTimeDriver(this.cluster.clock, speed);
          driver.start();
        }
      }
    } finally {
      driver.stop();
    }
    return until === undefined;
  }

  /** To the time of the machine, which the operator lives in; it must not be ahead of it. */
  catchUp(): void {
    this.cluster.advance(Math.max(0, Date.now() - this.cluster.now));
  }

  /** For somebody who reads along; nobody does where the output is no terminal. */
  async pause(milliseconds: number): Promise<void> {
    if (this.#screen.isLive) {
      await sleep(milliseconds, undefined, {signal: this.#signal});
    }
  }

  /** The picture as it is now stays on the screen. */
  keepPicture({withLegend = false} = {}): void {
    this.#look(true);
    this.#screen.keep([...picture(this.cluster), ...(withLegend ? [LEGEND] : [])]);
  }

  /** Calls the act, and counts how many of web's replicas were Ready at the worst moment of it. */
  async fewestReady(act: () => Promise<unknown>): Promise<number> {
    let fewest = this.#readyWeb();
    const stop = this.cluster.api.onChange(() => {
      fewest = Math.min(fewest, this.#readyWeb());
    });
    try {
      await act();
    } finally {
      stop();
    }
    return Math.min(fewest, this.#readyWeb());
  }

  #readyWeb(): number {
    return this.cluster
      .pods('moonlight')
      .filter(
        (pod) =>
          pod.metadata.labels?.['app'] === 'web' && isPodReady(pod) && this.cluster.isUp(pod.spec.nodeName),
      ).length;
  }

  #look(isLast = false): number {
    const news: News[] = [...this.#narrator.news(isLast), ...(this.#operator?.news() ?? [])].sort(
      (a, b) => a.at - b.at,
    );
    for (const {at, text, tone} of news) {
      this.#screen.tell(asMinutes(at - this.start), text, tone);
    }
    this.#screen.show([
      {text: ''},
      {text: `  ${asMinutes(this.cluster.now - this.start)}`, tone: 'strong'},
      ...picture(this.cluster),
      LEGEND,
    ]);
    return news.length;
  }
}
