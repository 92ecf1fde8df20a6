const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes. Looks for newlines in bytes, not in text, so that a character cut in two by a chunk's
 * end stays whole; and joins a long line once, when it is complete.
 *
 * What follows the last newline is dropped: it is half an event of a connection that was cut.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      const line = parts.length === 0 ? decode(piece) : decode(Buffer.concat([...parts, piece]));
      parts = [];
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').trim();
}
