import type {HttpResponse} from '../../src/kube/transport.ts';

/** What of an answer has arrived, for its reader to take. */
export class AnswerBody implements AsyncIterable<Uint8Array> {
  #parts: Buffer[] = [];
  #end: {readonly error?: Error} | undefined;
  #wake = () => {};

  push(part: Buffer): void {
    this.#parts.push(part);
    this.#wake();
  }

  end(error?: Error): void {
    this.#end ??= error === undefined ? {} : {error};
    this.#wake();
  }

  async text(): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const part of this) {
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
        yield part;
      }
      if (this.#end?.error !== undefined) {
        throw this.#end.error;
      }
      if (this.#end !== undefined) {
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

AnswerBody satisfies new () => HttpResponse['body'];
