// What a run leaves in the state folder is its owner's alone, whatever the umask says.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makePlace, removePlace, shell } from '#tests/support/e2e.ts';

test.each(['000', '022', '077'])('with umask %s every folder is 0700 and no file can be read by anybody else', async (umask) => {
  const place = makePlace();
  const line = `unset NODE_COMPILE_CACHE; umask ${umask} && $NODE $BIN run ${place.plan} -C ${place.repo.root} --provider script:${place.answers} && $NODE $BIN export ${place.run} -o ${place.home}/run.jsonl`;
  expect(await shell(place, line)).toMatchObject({ code: 0 });
  const found = readdirSync(place.home, { recursive: true, encoding: 'utf8' }).map((name) => ({ name, stat: lstatSync(join(place.home, name)) }));
  expect(found.map(({ name }) => name.split('/')[0])).toEqual(expect.arrayContaining(['store.db', 'repos', 'locks', 'beside', 'code', 'run.jsonl']));
  expect(found.filter(({ stat }) => (stat.isDirectory() ? (stat.mode & 0o777) !== 0o700 : (stat.mode & 0o077) !== 0)).map(({ name, stat }) => `${(stat.mode & 0o777).toString(8)} ${name}`)).toEqual([]);
  removePlace(place);
});
