// Serving
// =======
// A service of the team: one of a queue that answers what is asked of a filter, each by itself, and that ends in order.

import type { Bus, BusMessage } from '#src/ports/bus.ts';

export interface Asked {
  readonly filter: string;
  /** Of these one answers; without one all do. */
  readonly queue?: string;
  /** Answers by itself, and never rejects. */
  answer(message: BusMessage): Promise<void>;
}

/** @returns what ends it: nothing new is taken, what is under way is answered first */
export async function serve(bus: Bus, { filter, queue, answer }: Asked): Promise<{ close(): Promise<void> }> {
  const working = new Set<Promise<void>>();
  const listening = await bus.listen(filter, (message) => {
    const work = answer(message).finally(() => working.delete(work));
    working.add(work);
  }, queue);
  return {
    async close() {
      await listening.close();
      await Promise.all(working);
    },
  };
}
