// Asking a ledger
// ===============
// One request, again and identically until it is answered: an answer that was lost is given once more, for the store
// knows what it has (L7, B1, B3). While nobody answers we wait and say so once.

import { setTimeout as pause } from 'node:timers/promises';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bus } from '#src/ports/bus.ts';
import { decodeAnswer, encodeRequest, subjectOf, type Answer, type Operation, type Request } from './wire.ts';

export interface CallerOptions {
  readonly bus: Bus;
  /** Aborts when the process shall end: then nothing is waited for. */
  readonly stop: AbortSignal;
  /** Told when nobody answers, and when somebody does again. */
  readonly tell: (what: string) => void;
  /** One try. */
  readonly timeoutMs?: number;
  /** Before the second one; each later rest is twice as long, up to two seconds. */
  readonly restMs?: number;
}

const TIMEOUT_MS = 5_000;
const REST_MS = 50;
const REST_MAX_MS = 2_000;
const AWAY: readonly string[] = ['bus.unavailable', 'store.unavailable'];

export class Caller {
  private readonly options: CallerOptions;
  private readonly closing = new AbortController();
  private readonly ending: AbortSignal;
  private isAway = false;

  constructor(options: CallerOptions) {
    this.options = options;
    this.ending = AbortSignal.any([options.stop, this.closing.signal]);
  }

  /** @param patienceMs how long it is waited for; without end unless told. @throws ExecutorError `store.unavailable`, or what the ledger says */
  async call<O extends Operation>(operation: O, request: Request<O>, patienceMs = Number.POSITIVE_INFINITY): Promise<Answer<O>> {
    const { bus, timeoutMs = TIMEOUT_MS, restMs = REST_MS } = this.options;
    const body = encodeRequest<O>(request); // frozen: every try sends these bytes
    const begun = performance.now();
    for (let tries = 0; ; tries += 1) {
      if (this.closing.signal.aborted) throw new ExecutorError('store.unavailable', 'the ledger is closed');
      try {
        const answer = decodeAnswer(operation, await bus.request(subjectOf(operation), body, Math.min(timeoutMs, patienceMs)));
        this.back();
        return answer;
      } catch (error) {
        if (!(error instanceof ExecutorError) || !AWAY.includes(error.code)) throw error;
        if (this.ending.aborted || performance.now() - begun > patienceMs) throw unavailable(error);
        this.away(error);
      }
      await pause(Math.min(restMs * 2 ** tries, REST_MAX_MS), undefined, { signal: this.ending }).catch(() => {});
    }
  }

  close(): void {
    this.closing.abort();
  }

  private away({ message }: ExecutorError): void {
    if (!this.isAway) this.options.tell(`no ledger answers (${message}): waiting`);
    this.isAway = true;
  }

  private back(): void {
    if (this.isAway) this.options.tell('a ledger answers again: going on');
    this.isAway = false;
  }
}

const unavailable = (cause: ExecutorError): ExecutorError =>
  new ExecutorError('store.unavailable', `no ledger answers: ${cause.message}`, { hint: 'start one: autopack ledger; or look at AUTOPACK_NATS_URL', cause });
