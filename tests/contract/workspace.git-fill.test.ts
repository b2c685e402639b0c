// Workspace with git: ignored files of the working tree in a checkout.

import { chmodSync, existsSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { temporary, userRepository, type UserRepo } from '#tests/support/user-repository.ts';

const RUN = 'r1';
const bare = { include: [], link: [] };
let folders: string[] = [];
let home = '';

const kept = (repo: UserRepo): UserRepo => {
  folders.push(repo.root);
  return repo;
};
const unusable = (why: RegExp) => expect.objectContaining({ code: 'workspace.unusable', message: expect.stringMatching(why), hint: expect.stringMatching(/\w/) });

beforeEach(() => {
  home = temporary('autopack-home-');
  folders = [home];
});
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('what a plan adds to a checkout', () => {
  async function filled(repo: UserRepo, fill: { include?: string[]; link?: string[] }) {
    const space = gitWorkspace({ userRepo: repo.root, home });
    const { tree } = await space.prepare(RUN, null);
    const checkout = await space.checkout(tree, `${RUN}/phase:p1/1`, { ...bare, ...fill });
    return { checkout, read: (name: string) => readFileSync(path.join(checkout.path, name), 'utf8') };
  }
  const link = (repo: UserRepo, target: string, name: string): void => symlinkSync(target, path.join(repo.root, name));
  const project = (): UserRepo => {
    const repo = kept(userRepository({ 'a.txt': 'tree\n', 'lib/x': 'tree\n' }));
    repo.write({ 'lib/x': 'dirty\n', 'lib/y': 'ignored\n', 'deps/m/run': 'run\n', 'deps/.git/config': 'no\n' });
    chmodSync(path.join(repo.root, 'deps/m/run'), 0o755);
    return repo;
  };

  test('W6 an include is copied with its modes and without a .git, and never stands in the place of a file of the tree', async () => {
    const { checkout, read } = await filled(project(), { include: ['deps', 'lib'] });
    expect([read('deps/m/run'), read('lib/x'), read('lib/y')]).toEqual(['run\n', 'tree\n', 'ignored\n']);
    expect(statSync(path.join(checkout.path, 'deps/m/run')).mode & 0o111).toBe(0o111);
    expect(existsSync(path.join(checkout.path, 'deps/.git'))).toBe(false);
    expect(checkout.links).toEqual([]);
  });

  test('W6 a link gets an empty place and is told; where the tree has some of it, it is copied', async () => {
    const repo = project();
    const { checkout, read } = await filled(repo, { link: ['deps', 'lib', 'lib/y'] });
    expect(checkout.links).toEqual([{ from: path.join(repo.root, 'deps'), to: path.join(checkout.path, 'deps') }]);
    expect(readdirSync(path.join(checkout.path, 'deps'))).toEqual([]);
    expect([read('lib/x'), read('lib/y')]).toEqual(['tree\n', 'ignored\n']);
  });

  test('W1 W6 a symlink into the working tree leads into the checkout, one out of it is left out, one to the system stays', async () => {
    const repo = project();
    for (const [target, name] of [[path.join(repo.root, 'a.txt'), 'deps/absolute'], ['../a.txt', 'deps/relative'], ['../../outside', 'deps/out'], ['/usr/bin/env', 'deps/system']] as const) link(repo, target, name);
    const { checkout, read } = await filled(repo, { include: ['deps'] });
    writeFileSync(path.join(checkout.path, 'deps/absolute'), 'written by a test\n');
    expect([readFileSync(path.join(repo.root, 'a.txt'), 'utf8'), read('a.txt'), read('deps/relative')]).toEqual(['tree\n', 'written by a test\n', 'written by a test\n']);
    expect(readlinkSync(path.join(checkout.path, 'deps/system'))).toBe('/usr/bin/env');
    expect(readdirSync(path.join(checkout.path, 'deps')).sort()).toEqual(['absolute', 'm', 'relative', 'system']);
  });

  test.each(['gone', 'out', 'git'])('W6 %s cannot be added: it is missing, or leads out of the working tree', async (name) => {
    const repo = project();
    link(repo, '/usr', 'out');
    link(repo, '.git/hooks', 'git');
    await expect(filled(repo, { include: [name] })).rejects.toEqual(unusable(/^the plan adds \w+ to every checkout, but it /));
  });

  test('W6 a folder that the tree makes a symlink is not followed', async () => {
    const elsewhere = temporary('autopack-elsewhere-');
    folders.push(elsewhere);
    const repo = kept(userRepository({ 'a.txt': 'a\n' }));
    link(repo, elsewhere, 'lib');
    repo.commit({});
    rmSync(path.join(repo.root, 'lib'));
    repo.write({ 'lib/y': 'ignored\n' });
    await expect(filled(repo, { include: ['lib/y'] })).rejects.toEqual(unusable(/has no folder for it/));
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});
