// Inbox
// =====
// What arrives while a run is driven: results of effects, the end of cancelled handlers, records of
// other writers, errors. Order of arrival.

import type { InputEvent } from '#src/record/record.ts';
import type { StoredEvent } from '#src/ports/event-store.ts';

export type Arrival =
  | { readonly kind: 'result'; readonly effect: string; readonly event: InputEvent }
  | { readonly kind: 'ended' }
  | { readonly kind: 'foreign'; readonly stored: StoredEvent }
  | { readonly kind: 'error'; readonly error: unknown };

export class Inbox {
  private waiting: Arrival[] = [];
  private wake: (() => void) | null = null;

  push(arrival: Arrival): void {
    this.waiting.push(arrival);
    this.nudge();
  }

  /** Something else changed: whoever waits looks again. */
  nudge(): void {
    this.wake?.();
    this.wake = null;
  }

  get size(): number {
    return this.waiting.length;
  }

  /** True when a result of the effect waits. */
  holds(effect: string): boolean {
    return this.waiting.some((arrival) => arrival.kind === 'result' && arrival.effect === effect);
  }

  /** Takes the first arrival that `prefer` ranks lowest; equal ranks keep their order. */
  take(prefer: (a: Arrival, b: Arrival) => number): Arrival | undefined {
    if (this.waiting.length < 2) return this.waiting.shift();
    const [best] = [...this.waiting].sort(prefer);
    if (best !== undefined) this.waiting = this.waiting.filter((arrival) => arrival !== best);
    return best;
  }

  /** Resolves with the next push or nudge; there is one who waits. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
