import {beforeEach, describe, expect, it} from '@jest/globals';
import {ManualClock} from '../../kube/testing/manual-clock.ts';
import {withProgress} from './progress.ts';

describe('cli/output/progress', () => {
  const clock = new ManualClock();
  let written: string;

  beforeEach(() => {
    written = '';
  });

  function io(isTerminal: boolean) {
    const write = (text: string) => {
      written += text;
    };
    return {clock, stderr: {write, isTerminal, width: 20, hasColors: false}};
  }

  it('shows what takes long in one line, and takes it away in the end', async () => {
    await withProgress(io(true), async (progress) => {
      progress.tell(() => 'too early');
      await clock.advance(300);
      progress.tell(() => '1 of 100 losses and much more');
      progress.tell(() => 'too soon');
    });

    expect(written).toBe('\r\u001B[K1 of 100 losses and\r\u001B[K');
  });

  it('takes it away before an error is told', async () => {
    const failing = withProgress(io(true), async (progress) => {
      await clock.advance(300);
      progress.tell(() => 'working');
      throw new Error('broken');
    });

    await expect(failing).rejects.toThrow('broken');
    expect(written).toBe('\r\u001B[Kworking\r\u001B[K');
  });

  it('is silent where nobody watches', async () => {
    await withProgress(io(false), async (progress) => {
      await clock.advance(10_000);
      progress.tell(() => 'working');
    });

    expect(written).toBe('');
  });
});
