// One request to a ledger
// =======================
// Sent as often as its caller wants. The first answer to any try is its answer: who is slow is not asked in vain, and who
// died with the request in its hands is not waited for.

import { ExecutorError, isAway } from '#src/errors/errors.ts';
import type { Bus } from '#src/ports/bus.ts';
import { decodeAnswer, subjectOf, type Answer, type Operation } from './wire.ts';

/** Silence: there is no answer yet, but there may be one. */
export type Outcome<O extends Operation> = { readonly answer: Answer<O>; readonly tookMs: number } | { readonly failure: ExecutorError; readonly isSilence: boolean };

interface Asked<O extends Operation> {
  readonly bus: Bus;
  readonly operation: O;
  readonly body: Uint8Array;
  /** How long a try may be answered. */
  readonly timeoutMs: number;
}

export class Question<out O extends Operation> {
  private readonly asked: Asked<O>;
  private readonly answered = Promise.withResolvers<Outcome<O>>();
  private sent: Promise<Outcome<O>> = this.answered.promise;
  private isSettled = false;

  constructor(asked: Asked<O>) {
    this.asked = asked;
    this.answered.promise.catch(() => {}); // whoever asks or asked is told
  }

  /** Sends it, again unless it was answered meanwhile. @param silenceMs after which it is not waited for any more. @throws ExecutorError what the ledger says */
  async ask(silenceMs: number): Promise<Outcome<O>> {
    if (!this.isSettled) this.sent = this.send();
    const silence = Promise.withResolvers<Outcome<O>>();
    const timer = setTimeout(() => silence.resolve({ failure: new ExecutorError('bus.unavailable', `${subjectOf(this.asked.operation)}: no answer in time`), isSilence: true }), silenceMs);
    return Promise.race([this.latest(), silence.promise]).finally(() => clearTimeout(timer));
  }

  /** What the latest try comes to, or an earlier one that is answered before. */
  async latest(): Promise<Outcome<O>> {
    return Promise.race([this.answered.promise, this.sent]);
  }

  private async send(): Promise<Outcome<O>> {
    const { bus, operation, body, timeoutMs } = this.asked;
    const begun = performance.now();
    try {
      const answer = decodeAnswer(operation, await bus.request(subjectOf(operation), body, timeoutMs));
      this.answered.resolve({ answer, tookMs: performance.now() - begun });
    } catch (error) {
      if (isAway(error)) return { failure: error, isSilence: false };
      this.answered.reject(error);
    }
    this.isSettled = true;
    return this.answered.promise;
  }
}
