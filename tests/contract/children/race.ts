// Acquires one run after the other, each at a moment agreed with the other racers; prints per run who holds it.

import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';

const [folder = '', startAt = '0', rounds = '0'] = process.argv.slice(2);
const holders = sqliteHolders(folder);
for (let round = 0; round < Number(rounds); round += 1) {
  while (Date.now() < Number(startAt) + round * 10); // a timer would wake the racers too far apart
  const told = await holders.acquire(`r${round}`).then(
    () => `won ${process.pid}`,
    (error: unknown) => `lost ${/by process (\d+)/.exec(String(error))?.[1] ?? String(error)}`,
  );
  console.log(told);
}
console.log('done');
setInterval(() => {}, 60_000);
