// People of a simulation
// ======================
// Who looks at the run from outside: they answer its questions, twice or at the same moment, and cancel it when they like.

import { memoryStore } from '#src/adapters/memory/store.ts';
import { steadyClock, virtualClock } from '#src/adapters/clock/clock.ts';
import { systemFor } from '#src/app/pins.ts';
import { submit } from '#src/kernel/submit.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { InputEvent, RunRecord } from '#src/record/record.ts';
import { Gate } from './sim-hands.ts';
import type { World } from './sim-run.ts';
import { RUN } from './sim-request.ts';
import { SimProcess, START_MS, type Death } from './sim-schedule.ts';
import { generator } from './world.ts';

export class People {
  private readonly world: World;
  private came = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Look in now and then until the world is calm. @param impatience chance that they cancel sooner or later. */
  async visit(impatience: number): Promise<void> {
    const { world } = this;
    const { random } = world.schedule;
    const isImpatient = random.next() < impatience;
    while (!world.isCalm && !world.isDone()) {
      await world.sleep(random.pick([1, 10, 30]));
      const death = random.next() < 0.3 ? world.deathOf('submit') : null;
      await (isImpatient && random.next() < 0.2 ? this.cancel('enough', death) : this.answerOne(death));
    }
  }

  cancel(reason: string, death: Death | null = null): Promise<void> {
    return this.say('run', { type: 'run.cancel_requested', v: 1, data: { reason } }, death);
  }

  /** The first open question; what is said depends on the question alone, when it is said does not. */
  async answerOne(death: Death | null): Promise<void> {
    const { world } = this;
    const { stored } = world;
    const [open] = stored.filter(({ data }) => data.includes('"type":"askHuman"')).flatMap(({ data }) => (JSON.parse(data) as RunRecord).effects)
      .filter(({ id, type }) => type === 'askHuman' && !stored.some(({ data }) => data.includes(`"cause":"${id}"`)));
    if (open === undefined) return;
    const { id, params } = open;
    const mind = generator(world.seed + Number(id.slice(id.indexOf('/') + 1)));
    const event = { type: 'question.answered', v: 1, cause: id, data: { option: mind.pick(params['options'] as string[]), note: '', by: 'human' } };
    const answer = (): Promise<void> => this.say(id.slice(0, id.indexOf('/')), event, death);
    await (mind.next() < 0.3 ? Promise.all([answer(), answer()]) : answer());
  }

  private async say(to: string, event: InputEvent, death: Death | null): Promise<void> {
    const { world } = this;
    this.came += 1;
    const process = new SimProcess(`person-${this.came}`, death);
    const gate = new Gate(world, process, { caller: 'submit', calm: world.isCalm });
    const { events } = memoryStore(world.disk);
    const store: EventStore = {
      ...events,
      read: (...args) => gate.pass('events.read', () => events.read(...args)),
      append: (...args) => gate.pass('events.append', () => events.append(...args)),
    };
    const clock = world.isVirtual ? virtualClock(START_MS) : steadyClock({ wall: () => world.schedule.nowMs, elapsed: () => 0, sleep: () => Promise.resolve() });
    const said = submit({ store, clock, systemFor, nonce: process.name }, RUN, to, event);
    await Promise.race([process.died.promise, said.then((taken) => { if ('hash' in taken) this.confirm(taken.hash); }, (error: unknown) => world.expect(error))]);
  }

  /** What a person was told is in the log. */
  private confirm(hash: string): void {
    if (!this.world.stored.some(({ metadata }) => metadata.hash === hash)) this.world.fail('lost', `an accepted command is not in the log: ${hash}`);
  }
}
