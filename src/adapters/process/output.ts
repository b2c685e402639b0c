// Output of a command
// ===================
// Head and tail are kept, what lies between is counted: any amount is survived in bounded memory (PR3).

export const HEAD_BYTES = 64 * 1024;
export const TAIL_BYTES = 256 * 1024;

export interface OutputRing {
  push(chunk: Buffer): void;
  text(): string;
  bytes(): number;
}

export function outputRing(headMax = HEAD_BYTES, tailMax = TAIL_BYTES): OutputRing {
  const head: Buffer[] = [];
  const tail: Buffer[] = [];
  let [headBytes, tailBytes, bytes] = [0, 0, 0];
  return {
    push(chunk) {
      bytes += chunk.length;
      const first = chunk.subarray(0, Math.max(0, headMax - headBytes));
      if (first.length > 0) head.push(first);
      headBytes += first.length;
      const rest = chunk.subarray(first.length);
      if (rest.length === 0) return;
      tail.push(rest);
      tailBytes += rest.length;
      for (let oldest = tail[0]; oldest !== undefined && tailBytes - oldest.length >= tailMax; oldest = tail[0]) {
        tail.shift();
        tailBytes -= oldest.length;
      }
    },
    text() {
      const [first, all] = [Buffer.concat(head), Buffer.concat(tail)];
      const last = all.subarray(Math.max(0, all.length - tailMax));
      if (bytes === first.length + last.length) return Buffer.concat([first, last]).toString('utf8');
      const [begin, end] = [wholeEnd(first), wholeStart(last)];
      return `${begin.toString('utf8')}\n[… ${bytes - begin.length - end.length} bytes cut …]\n${end.toString('utf8')}`;
    },
    bytes: () => bytes,
  };
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Without a character that was cut at its end. */
function wholeEnd(bytes: Buffer): Buffer {
  let at = bytes.length;
  while (at > 0 && bytes.length - at < 3 && isContinuation(bytes[at - 1])) at -= 1;
  const lead = bytes[at - 1] ?? 0;
  const wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return wanted > 1 && bytes.length - at + 1 < wanted ? bytes.subarray(0, at - 1) : bytes;
}

/** Without the rest of a character that was cut at its start. */
function wholeStart(bytes: Buffer): Buffer {
  let at = 0;
  while (at < 3 && isContinuation(bytes[at])) at += 1;
  return bytes.subarray(at);
}
