// The contract of the Snapshots port: every adapter runs it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { KeptSnapshot, Snapshots } from '#src/ports/snapshots.ts';
import { eventsNamed, idsOf } from './support.ts';

interface Opened {
  readonly snapshots: Snapshots;
  readonly events: EventStore;
  readonly blobs: Blobs;
  close(): Promise<void>;
}

/** One place where snapshots are kept. Every `open` is another process on it. */
export interface SnapshotsWorld {
  open(): Promise<Opened>;
  dispose(): Promise<void>;
}

const at = (seq: number, text = `{"at":${seq},"name":"Ünïcödé \\u0000"}`): KeptSnapshot => ({ seq, text, sha256: `of ${seq}` });

export function snapshotsContract(name: string, makeWorld: () => Promise<SnapshotsWorld>): void {
  describe(`Snapshots on ${name}`, () => {
    let world: SnapshotsWorld;
    let store: Opened;
    beforeEach(async () => {
      world = await makeWorld();
      store = await world.open();
    });
    afterEach(async () => {
      await store.close();
      await world.dispose();
    });

    test('S1 S2 the newest is what was kept last, whole, also for another process', async () => {
      expect(await store.snapshots.newest('r1')).toBeNull();
      await store.snapshots.keep('r1', at(1000));
      await store.snapshots.keep('r1', at(2000));
      expect(await store.snapshots.newest('r1')).toEqual(at(2000));
      const other = await world.open();
      expect(await other.snapshots.newest('r1')).toEqual(at(2000));
      await other.snapshots.keep('r1', at(1500));
      expect(await store.snapshots.newest('r1')).toEqual(at(1500));
      await other.close();
    });

    test('S2 runs are kept apart, and a dropped one is gone for good', async () => {
      await Promise.all(['r1', 'r2', 'r3'].map((run, i) => store.snapshots.keep(run, at(i))));
      await store.snapshots.drop('r2');
      await store.snapshots.drop('r2');
      expect(await Promise.all(['r1', 'r2', 'r3'].map((run) => store.snapshots.newest(run)))).toEqual([at(0), null, at(2)]);
    });

    test('S3 keeping and dropping change nothing in log, bodies and memos', async () => {
      const ref = await store.blobs.put(new Uint8Array([1]));
      await store.blobs.memo('r1', 'run/1', ref);
      await store.events.append('run-r1', -1, eventsNamed('a'));
      await Promise.all([store.snapshots.keep('r1', at(0)), store.events.append('run-r1', 0, eventsNamed('b'))]);
      await store.snapshots.drop('r1');
      expect(idsOf(await store.events.readAll())).toEqual(['a', 'b']);
      expect(await store.blobs.recall('r1', 'run/1')).toEqual(ref);
      expect(await store.blobs.get(ref)).toEqual(new Uint8Array([1]));
    });
  });
}
