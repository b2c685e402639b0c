// A loopback server that speaks the wire of both vendors, and misbehaves on request. Returns data, never expects.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds after which the client's socket was closed, once it is. */
  closedAfterMs: number | null;
}

export interface Answer {
  readonly text: string;
  readonly stop?: 'end' | 'max_tokens' | 'refusal';
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
}

/** One reaction to one request. */
export type Behaviour =
  | { readonly answer: Answer }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  /** Never a byte; a body that stalls after its first half; a body that breaks there; one without end. */
  | { readonly wire: 'silent' | 'stalls' | 'breaks' | 'floods' };

export interface VendorServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export type Behave = (asked: Asked, nth: number) => Behaviour | Promise<Behaviour>;

export async function vendorServer(behave: Behave): Promise<VendorServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void serve(request, response, asked, behave));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, all: Asked[], behave: Behave): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const asked: Asked = { path: request.url ?? '', headers: request.headers, body: JSON.parse(Buffer.concat(parts).toString('utf8') || '{}') as Record<string, unknown>, closedAfterMs: null };
  const nth = all.push(asked);
  const began = performance.now();
  response.once('close', () => (asked.closedAfterMs = performance.now() - began));
  const behaviour = await behave(asked, nth);
  if ('answer' in behaviour) return json(response, 200, answerBody(asked, behaviour.answer));
  if ('status' in behaviour) {
    response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
    response.end(behaviour.body);
    return;
  }
  misbehave(response, behaviour.wire);
}

function misbehave(response: ServerResponse, wire: 'silent' | 'stalls' | 'breaks' | 'floods'): void {
  if (wire === 'silent') return;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"id": "x", "content": [');
  if (wire === 'breaks') setImmediate(() => response.destroy());
  if (wire !== 'floods') return;
  const chunk = Buffer.alloc(1 << 20, ' ');
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', pour);
  };
  pour();
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

const STOPS = { openai: { end: 'stop', max_tokens: 'length', refusal: 'content_filter' }, anthropic: { end: 'end_turn', max_tokens: 'max_tokens', refusal: 'refusal' } } as const;

/** A body in the dialect of the path that was asked. */
function answerBody({ path, body }: Asked, { text, stop = 'end', input = 100, output = 10, cacheRead = 0 }: Answer): unknown {
  if (path.endsWith('/messages')) {
    return {
      id: 'msg_1', type: 'message', role: 'assistant', model: body['model'], content: [{ type: 'text', text }], stop_reason: STOPS.anthropic[stop], stop_sequence: null,
      usage: { input_tokens: input - cacheRead, output_tokens: output, cache_read_input_tokens: cacheRead, cache_creation_input_tokens: 0 },
    };
  }
  return {
    id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: body['model'], choices: [{ index: 0, finish_reason: STOPS.openai[stop], message: { role: 'assistant', content: text, refusal: null } }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, prompt_tokens_details: { cached_tokens: cacheRead } },
  };
}
