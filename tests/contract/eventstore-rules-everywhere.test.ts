// The adapter's rules that need no fault, on every server at hand: ours, and a real one where AUTOPACK_TEST_EVENTSTORE_URL
// names one.

import { startWireServer } from '#tests/support/eventstore-wire/server.ts';
import { eventStoreRulesContract } from './eventstore-rules.ts';
import { realServer } from '#tests/support/real-eventstore.ts';

eventStoreRulesContract('the wire server', async () => {
  const wire = await startWireServer();
  return { url: wire.url, wire, dispose: () => wire.kill() };
});

if (realServer !== null) {
  const url = realServer;
  eventStoreRulesContract('a real server', async () => ({ url, wire: null, dispose: async () => {} }));
}
