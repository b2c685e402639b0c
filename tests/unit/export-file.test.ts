import { describe, expect, test } from 'vitest';
import { ExportReader, ExportWriter, type ExportLine } from '#src/record/export-file.ts';
import { GENESIS, seal, type Sealed } from '#src/record/record.ts';
import { refOf } from '#src/record/ref.ts';

const text = Buffer.from('ünï\n"code"');
const binary = Buffer.from([0xff, 0x00, 0x0a, 0x80]);

function sealed(seq: number, prev: string, data: Record<string, unknown>, run = 'r'): Sealed {
  return seal({ run, seq, at: seq, to: 'run', event: { type: 'a.b', v: 1, data }, moves: [], facts: [], effects: [], state: GENESIS, prev });
}

function file(change: { readonly blobs?: readonly Buffer[]; readonly head?: string; readonly run?: string } = {}): Buffer {
  const first = sealed(0, GENESIS, { ref: refOf(text) });
  const second = sealed(1, first.record.hash, { one: refOf(binary), again: [refOf(text)] });
  const blobs = change.blobs ?? [text, binary].sort((a, b) => (refOf(a).ref < refOf(b).ref ? -1 : 1));
  const writer = new ExportWriter();
  const run = change.run ?? 'r';
  const header = writer.header({ run, runs: [{ run, records: 2 }], blobs: 2, head: { seq: 1, hash: change.head ?? second.record.hash } });
  return Buffer.concat([header, ...[first, second].map(({ body, record }) => writer.record(body, record.hash)), ...blobs.map((body) => writer.blob(body)), writer.end()]);
}

function read(bytes: Uint8Array, size = bytes.length): ExportLine[] {
  const reader = new ExportReader();
  const lines: ExportLine[] = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)));
  reader.end();
  return lines;
}

describe('an exported file', () => {
  test('R7 gives back what was written, whatever the pieces it is read in', () => {
    const whole = read(file());
    expect(whole.map(({ type }) => type)).toEqual(['header', 'record', 'record', 'blob', 'blob', 'end']);
    expect(whole.flatMap((line) => (line.type === 'blob' ? [Buffer.from(line.body).toString('hex')] : [])).sort()).toEqual([binary, text].map((body) => body.toString('hex')).sort());
    for (const size of [1, 7, 100]) expect(read(file(), size)).toEqual(whole);
  });

  test('text stands in it as text, other bytes in base64', () => {
    const lines = file().toString('utf8').split('\n').filter((line) => line.includes('"type":"blob"')).map((line) => JSON.parse(line) as { encoding: string; body: string });
    expect(lines.map(({ encoding }) => encoding).sort()).toEqual(['base64', 'utf8']);
    expect(lines.find(({ encoding }) => encoding === 'utf8')?.body).toBe('ünï\n"code"');
  });

  test('R7 every changed byte is noticed, in the record that it concerns', () => {
    const bytes = file();
    const lines = bytes.toString('latin1').split('\n');
    const blobPlaces = [text, binary].sort((a, b) => (refOf(a).ref < refOf(b).ref ? -1 : 1)).map((body) => (body === text ? 'record r@0' : 'record r@1'));
    const places = [/line [16] of|record r@[01]/, 'record r@0', 'record r@1', ...blobPlaces, 'line 6 of the exported file'];
    let line = 0;
    let left = lines[0]?.length ?? 0;
    for (let at = 0; at < bytes.length; at += 1) {
      for (const mask of [0x01, 0x20, 0x80]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        expect(() => read(changed), `byte ${at}`).toThrow(places[line]);
      }
      left -= 1;
      if (left < 0) left = lines[++line]?.length ?? 0;
    }
  });

  test('R7 every cut is noticed, at the borders of lines too, and what stands behind the end', () => {
    const bytes = file();
    for (let at = 0; at < bytes.length; at += 1) expect(() => read(bytes.subarray(0, at)), `cut at ${at}`).toThrow(/cut off/);
    expect(() => read(Buffer.concat([bytes, Buffer.from('x')]))).toThrow('something stands behind the end');
    expect(() => read(Buffer.concat([bytes, Buffer.from('\n')]))).toThrow('something stands behind the end');
  });

  test('R7 lines that are whole in themselves are refused where they do not belong', () => {
    expect(() => read(file({ run: 's' })), 'another run').toThrow('record s@0 (line 2) of the exported file: it is record r@0');
    expect(() => read(file({ head: GENESIS })), 'another head').toThrow('the header names another head');
    expect(() => read(file({ blobs: [text, text] })), 'a body twice').toThrow(/missing or damaged/);
    expect(() => read(file({ blobs: [text, binary, Buffer.from('more')] })), 'a body that nobody names').toThrow(/missing or damaged|count or sha256/);
    const [header = '', first = '', second = '', ...rest] = file().toString('utf8').split('\n');
    expect(() => read(Buffer.from([header, second, first, ...rest].join('\n'))), 'records in another order').toThrow('record r@0 (line 2) of the exported file: it is record r@1');
  });
});
