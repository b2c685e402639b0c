// Window
// ======
// Messages to keep on the bus, begun in their order, so many under way. The first that is refused ends it: none is begun
// after it, and who began them begins again with another.

import type { Bus } from '#src/ports/bus.ts';
import type { Message } from './feeds.ts';

const WINDOW = 64;

export class Window {
  private readonly bus: Bus;
  private underWay = 0;
  private refused: { readonly error: unknown } | null = null;
  private wake = (): void => {};

  constructor(bus: Bus) {
    this.bus = bus;
  }

  get isFull(): boolean {
    return this.underWay >= WINDOW;
  }

  /** @returns whether it is kept. @throws what an earlier one was refused with */
  begin({ subject, body, id }: Message): Promise<boolean> {
    if (this.refused !== null) throw this.refused.error;
    this.underWay += 1;
    return this.bus.keep(subject, body, id).then(
      () => this.ended(),
      (error: unknown) => {
        this.refused ??= { error };
        this.ended();
        return false;
      },
    );
  }

  /** Until another may begin. */
  async room(): Promise<void> {
    while (this.isFull) await this.anEnd();
  }

  /** Until none is under way. @throws what the first was refused with */
  async settled(): Promise<void> {
    while (this.underWay > 0) await this.anEnd();
    if (this.refused !== null) throw this.refused.error;
  }

  private ended(): true {
    this.underWay -= 1;
    this.wake();
    return true;
  }

  private async anEnd(): Promise<void> {
    await new Promise<void>((resolve) => (this.wake = resolve));
  }
}
