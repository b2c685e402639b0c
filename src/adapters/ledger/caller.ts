// Asking a ledger
// ===============
// One request, again and identically until it is answered: an answer that was lost is given once more, for the store
// knows what it has (L7, B1, B3). While nobody answers we wait and say so once.

import { setTimeout as pause } from 'node:timers/promises';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Bus } from '#src/ports/bus.ts';
import { Question } from './question.ts';
import { encodeRequest, type Answer, type Operation, type Request } from './wire.ts';

export interface CallerOptions {
  readonly bus: Bus;
  /** Aborts when the process shall end: then nothing is waited for. */
  readonly stop: AbortSignal;
  /** Told when nobody answers, and when somebody does again. */
  readonly tell: (what: string) => void;
  /** How long a try may be answered. */
  readonly timeoutMs?: number;
  /** How long the first try is silent before the second is sent beside it; each later silence is twice as long, up to `timeoutMs`. */
  readonly againMs?: number;
  /** After the first try that failed; each later rest is twice as long, up to two seconds. */
  readonly restMs?: number;
}

const TIMEOUT_MS = 5_000;
/** What a request costs that was lost with its ledger. */
const AGAIN_MS = 1_000;
const REST_MS = 50;
const REST_MAX_MS = 2_000;
/** Of what answers take, after each quicker one. */
const FORGET = 0.9;

export class Caller {
  private readonly options: Required<CallerOptions>;
  private readonly closing = new AbortController();
  private readonly ending: AbortSignal;
  /** That people were told of. */
  private readonly waiting = new Set<Question<Operation>>();
  /** What the slowest answers took of late, ms: a store that is slow is given time, not more requests. */
  private usualMs = 0;

  constructor(options: CallerOptions) {
    this.options = { timeoutMs: TIMEOUT_MS, againMs: AGAIN_MS, restMs: REST_MS, ...options };
    this.ending = AbortSignal.any([options.stop, this.closing.signal]);
  }

  /** @param patienceMs how long it is waited for; without end unless told. @throws ExecutorError `store.unavailable`, or what the ledger says */
  async call<O extends Operation>(operation: O, request: Request<O>, patienceMs = Number.POSITIVE_INFINITY): Promise<Answer<O>> {
    const { bus, timeoutMs } = this.options;
    const body = encodeRequest<O>(request); // frozen: every try sends these bytes
    const question = new Question<O>({ bus, operation, body, timeoutMs: Math.min(timeoutMs, patienceMs) });
    try {
      return await this.answerTo(question, performance.now() + patienceMs);
    } catch (error) {
      if (error instanceof ExecutorError && error.code === 'store.unavailable') this.waiting.delete(question); // nobody answered
      throw error;
    } finally {
      this.back(question);
    }
  }

  close(): void {
    this.closing.abort();
  }

  private async answerTo<O extends Operation>(question: Question<O>, until: number): Promise<Answer<O>> {
    const isOver = (): boolean => this.ending.aborted || performance.now() >= until;
    for (let tries = 0; ; tries += 1) {
      if (this.closing.signal.aborted) throw new ExecutorError('store.unavailable', 'the ledger is closed');
      const outcome = await this.try(question, Math.min(this.silenceMs(tries), until - performance.now()));
      if ('answer' in outcome) {
        this.usualMs = Math.max(outcome.tookMs, this.usualMs * FORGET);
        return outcome.answer;
      }
      if (isOver()) throw unavailable(outcome.failure);
      if (tries > 0 || !outcome.isSilence) this.away(question, outcome.failure); // one slow answer is nobody's business
      if (!outcome.isSilence) await pause(Math.min(this.options.restMs * 2 ** tries, REST_MAX_MS, until - performance.now()), undefined, { signal: this.ending }).catch(() => {});
      if (isOver()) throw unavailable(outcome.failure);
    }
  }

  private async try<O extends Operation>(question: Question<O>, silenceMs: number): ReturnType<Question<O>['ask']> {
    const outcome = await question.ask(silenceMs);
    const isSilent = 'isSilence' in outcome && outcome.isSilence;
    return isSilent && this.ending.aborted ? question.latest() : outcome; // nothing is sent any more, but what was sent may be answered
  }

  private silenceMs(tries: number): number {
    const { timeoutMs, againMs } = this.options;
    return Math.min(Math.max(againMs, 2 * this.usualMs) * 2 ** tries, timeoutMs);
  }

  private away(question: Question<Operation>, { message }: ExecutorError): void {
    if (this.waiting.size === 0) this.options.tell(`no ledger answers (${message}): waiting`);
    this.waiting.add(question);
  }

  private back(question: Question<Operation>): void {
    if (this.waiting.delete(question) && this.waiting.size === 0) this.options.tell('a ledger answers again: going on');
  }
}

const unavailable = (cause: ExecutorError): ExecutorError =>
  new ExecutorError('store.unavailable', `no ledger answers: ${cause.message}`, { hint: 'start one: autopack ledger; or look at AUTOPACK_NATS_URL', cause });
