// Nudges
// ======
// When somebody who looks at a store looks again: at all of it every so often, for what nobody tells may be lost, and sooner
// at the runs that it was told of. However many tell, there is a rest between two looks.

import { setTimeout as pause } from 'node:timers/promises';

/** The least time from one look to the next, in ms. */
const REST_MS = 200;

export class Nudges {
  private readonly everyMs: number;
  private told = new Set<string>();
  private wake = (): void => {};
  /** When all was looked at last, by the clock of this process. */
  private allAt = 0;
  private wasAll = true;

  constructor(everyMs: number) {
    this.everyMs = everyMs;
  }

  tell(run: string): void {
    this.told.add(run);
    this.wake();
  }

  /** After a look, until the next. @param hears whether what is told counts. @returns the runs to look at; null: all */
  async next(signal: AbortSignal, hears: boolean): Promise<ReadonlySet<string> | null> {
    const lookedAt = performance.now();
    if (this.wasAll) this.allAt = lookedAt;
    const over = new AbortController();
    const rest = (untilMs: number): Promise<unknown> => pause(Math.max(0, untilMs - performance.now()), undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => {});
    const all = rest(this.allAt + this.everyMs).then(() => true);
    const some = hears ? this.anyTold().then(() => rest(lookedAt + REST_MS)).then(() => false) : all;
    this.wasAll = await Promise.race([all, some]);
    over.abort();
    const { told } = this;
    this.told = new Set();
    return this.wasAll ? null : told;
  }

  private async anyTold(): Promise<void> {
    if (this.told.size === 0) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}
