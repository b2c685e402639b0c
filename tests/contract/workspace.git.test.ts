// Workspace with git: the user's repository, publishing, checkouts. Candidates: workspace.git-candidates.test.ts.

import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { commitId } from '#src/domain/commit-id.ts';
import { fingerprint, repositoryAt, temporary, userRepository, type UserRepo } from '#tests/support/user-repository.ts';

const RUN = 'r1';
const bare = { include: [], link: [] };
let folders: string[] = [];
let home = '';

const kept = (repo: UserRepo): UserRepo => {
  folders.push(repo.root);
  return repo;
};
const spaceOf = (repo: UserRepo, folder = repo.root) => gitWorkspace({ userRepo: folder, home });
const unusable = (why: RegExp) => expect.objectContaining({ code: 'workspace.unusable', message: expect.stringMatching(why), hint: expect.stringMatching(/\w/) });

/** One run's worth of work: candidate and commit on top of the base. */
async function oneCommit(space: ReturnType<typeof gitWorkspace>, parent: string, content = 'ONE\n') {
  const candidate = await space.applyFiles(await space.treeOf(parent), [{ path: 'a.txt', content }]);
  if (!candidate.ok) throw new Error(candidate.problems.join());
  return space.commit({ tree: candidate.tree, parent, message: `change\n\nAutopack-Run: ${RUN}\n`, atSeconds: 1_700_000_000 });
}

beforeEach(() => {
  home = temporary('autopack-home-');
  folders = [home];
});
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('W5 a commit or tree that lacks any of its objects is not whole', async () => {
  const repo = kept(userRepository({ 'a.txt': 'one\n', 'b/c.txt': 'c\n' }));
  const space = spaceOf(repo);
  const { base } = await space.prepare(RUN, null);
  const commit = await oneCommit(space, base);
  const tree = await space.treeOf(commit);
  const blob = (await space.files(tree)).find(({ path: name }) => name === 'a.txt')?.blob ?? '';
  const whole = () => Promise.all([base, commit, tree].map((id) => space.isWhole(id, base)));
  expect(await whole()).toEqual([true, true, true]);
  expect(await space.isWhole('1'.repeat(40), base)).toBe(false);
  const [ours = ''] = readdirSync(path.join(home, 'repos'));
  rmSync(path.join(home, 'repos', ours, 'objects', blob.slice(0, 2), blob.slice(2)));
  expect(await whole()).toEqual([true, false, false]);
});

describe('what a run may do to the repository of the user', () => {
  /** Objects only ever grow; the two branches are ours. */
  const ours = (name: string) => name === '.git/objects' || name.startsWith('.git/refs/heads/autopack') || name === '.autonomous_runs';

  function busyRepository(): UserRepo {
    const repo = kept(userRepository({ 'a.txt': 'one\n', 'b.txt': 'b\n' }));
    repo.write({ 'a.txt': 'stashed\n' });
    repo.git('stash');
    repo.write({ 'a.txt': 'dirty\n', 'staged.txt': 's\n', 'untracked ä.txt': 'u\n' });
    repo.git('add', 'staged.txt');
    repo.git('config', 'alias.x', 'status');
    repo.git('tag', 'v1');
    repo.git('pack-refs', '--all');
    return repo;
  }

  test('W1 prepare, candidate, publish and clean leave every byte of it alone but for objects and our two branches', async () => {
    const repo = busyRepository();
    const before = fingerprint(repo.root, ours);
    const space = spaceOf(repo);
    const { base } = await space.prepare(RUN, null);
    const commit = await oneCommit(space, base);
    expect(await space.publish(RUN, commit)).toEqual({ ok: true });
    const checkout = await space.checkout(await space.treeOf(commit), `${RUN}/phase:p1/1`, bare);
    await checkout.remove();
    expect(fingerprint(repo.root, ours)).toEqual(before);
    expect(repo.git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/autopack')).toBe(`refs/heads/autopack/pre-run-${RUN} ${base}\nrefs/heads/autopack/run-${RUN} ${commit}`);
    await space.clean(RUN, true);
    expect(fingerprint(repo.root, ours)).toEqual(before);
    expect(repo.git('for-each-ref', '--format=%(refname)', 'refs/heads/autopack')).toBe(`refs/heads/autopack/run-${RUN}`);
    expect(repo.git('fsck', '--strict')).not.toMatch(/missing|broken|error/);
  });

  test('W1 a published branch stays whole when our state folder is gone', async () => {
    const repo = busyRepository();
    const space = spaceOf(repo);
    const { base } = await space.prepare(RUN, null);
    await space.publish(RUN, await oneCommit(space, base));
    rmSync(home, { recursive: true });
    expect(repo.git('show', `autopack/run-${RUN}:a.txt`)).toBe('ONE');
    expect(repo.git('rev-list', '--objects', '--count', `autopack/run-${RUN}`)).toBe('7');
  });

  test('W1 hooks, fsmonitor, filters, textconv, external diffs, rewritten addresses and alternate-ref commands of the user do not run', async () => {
    const repo = kept(userRepository({ 'a.txt': 'one\n', 'b.bin': 'b\n' }));
    const lender = kept(userRepository());
    writeFileSync(path.join(repo.root, '.git/objects/info/alternates'), `${path.join(lender.root, '.git/objects')}\n`);
    const witness = path.join(home, 'witness');
    mkdirSync(witness);
    const spy = (name: string): string => {
      const file = path.join(witness, `${name}.sh`);
      writeFileSync(file, `#!/bin/sh\ntouch '${witness}/${name}.ran'\nexit 0\n`);
      chmodSync(file, 0o755);
      return file;
    };
    const hooks = path.join(repo.root, 'hooks');
    mkdirSync(hooks);
    for (const hook of ['reference-transaction', 'post-index-change', 'pre-auto-gc', 'post-checkout', 'fsmonitor-watchman', 'post-update', 'proc-receive']) {
      writeFileSync(path.join(hooks, hook), readFileSync(spy(hook)), { mode: 0o755 });
    }
    repo.commit({ '.gitattributes': '*.txt filter=x diff=x\n*.bin filter=y\n' });
    writeFileSync(path.join(repo.root, '.git/info/attributes'), '* filter=x diff=x\n');
    const settings = {
      'core.hooksPath': hooks, 'core.fsmonitor': spy('fsmonitor'), 'filter.x.clean': spy('clean'), 'filter.x.smudge': spy('smudge'), 'filter.x.required': 'true',
      'filter.y.process': spy('process'), 'diff.x.textconv': spy('textconv'), 'diff.x.command': spy('command'), 'diff.external': spy('external'),
      'core.alternateRefsCommand': spy('alternates'), 'core.sshCommand': spy('ssh'), 'core.pager': spy('pager'), 'core.editor': spy('editor'),
      'uploadpack.packObjectsHook': spy('pack'), 'protocol.ext.allow': 'always', 'gc.auto': '1', [`url.ext::sh ${spy('address')} .insteadOf`]: '/',
    };
    for (const [key, value] of Object.entries(settings)) repo.git('config', key, value);
    repo.write({ 'a.txt': 'two\n', 'b.bin': 'c\n' }); // same length: git must read them to know
    const space = spaceOf(repo);
    const { base, warnings } = await space.prepare(RUN, null);
    expect(warnings.join()).toMatch(/a\.txt/);
    const commit = await oneCommit(space, base);
    expect(await space.publish(RUN, commit)).toEqual({ ok: true });
    await space.checkout(await space.treeOf(commit), `${RUN}/e`, bare);
    await space.clean(RUN, true);
    expect(readdirSync(witness).filter((name) => name.endsWith('.ran'))).toEqual([]);
    repo.git('-c', 'core.fsmonitor=false', 'status'); // the traps do work: plain git steps into them
    expect(readdirSync(witness)).toContain('clean.ran');
  });

  test('W1 GIT_ variables of our own process reach no git of ours', async () => {
    const repo = kept(userRepository());
    const other = kept(userRepository({ 'x.txt': 'x' }));
    process.env['GIT_DIR'] = path.join(other.root, '.git');
    process.env['GIT_INDEX_FILE'] = path.join(other.root, '.git/index');
    try {
      expect((await spaceOf(repo).prepare(RUN, null)).base).toBe(repo.git('rev-parse', 'HEAD'));
    } finally {
      delete process.env['GIT_DIR'];
      delete process.env['GIT_INDEX_FILE'];
    }
  });
});

describe('before the first token', () => {
  const prepare = (folder: string, base: string | null = null) => gitWorkspace({ userRepo: folder, home }).prepare(RUN, base);

  test('W1 a folder without a repository, a missing one, a bare one and .git itself are refused with the way out', async () => {
    const bare = temporary();
    folders.push(bare);
    await expect(prepare(bare)).rejects.toEqual(unusable(/not inside a git repository/));
    await expect(prepare(path.join(bare, 'none'))).rejects.toEqual(unusable(/not inside a git repository/));
    repositoryAt(bare).git('init', '-q', '--bare');
    await expect(prepare(bare)).rejects.toEqual(unusable(/bare/));
    await expect(prepare(path.join(kept(userRepository()).root, '.git'))).rejects.toEqual(unusable(/\.git folder/));
  });

  test('W1 a repository without a commit and an unknown --base are refused, also one that looks like an option', async () => {
    const empty = temporary();
    folders.push(empty);
    repositoryAt(empty).git('init', '-q');
    await expect(prepare(empty)).rejects.toEqual(unusable(/no commit/));
    const repo = kept(userRepository());
    for (const base of ['nope', '--all', 'HEAD:a.txt', '']) await expect(prepare(repo.root, base), base).rejects.toEqual(unusable(/is not a commit/));
    expect(repo.git('for-each-ref', 'refs/heads/autopack')).toBe('');
  });

  test('W1 a branch named autopack is refused, and goes through once it is renamed as the hint says', async () => {
    const repo = kept(userRepository());
    repo.git('branch', 'autopack');
    await expect(prepare(repo.root)).rejects.toEqual(unusable(/named `autopack`/));
    repo.git('branch', '-m', 'autopack', 'else');
    await expect(prepare(repo.root)).resolves.toMatchObject({ warnings: [] });
  });

  test('W1 a partial clone is refused, and goes through after the command of the hint', async () => {
    const origin = kept(userRepository());
    origin.commit({ 'b.txt': 'b\n' });
    origin.git('config', 'uploadpack.allowFilter', 'true');
    const folder = temporary();
    folders.push(folder);
    repositoryAt(folder).git('clone', '-q', '--filter=blob:none', '--no-checkout', `file://${origin.root}`, 'c');
    const clone = repositoryAt(path.join(folder, 'c'));
    const error = await prepare(clone.root).catch((thrown: unknown) => thrown as { message: string; hint: string });
    expect(error).toEqual(unusable(/partial clone/));
    for (const command of (error as { hint: string }).hint.replace('Complete it: ', '').split(' && ')) clone.git(...command.split(' ').slice(1));
    await expect(prepare(clone.root)).resolves.toMatchObject({ objectFormat: 'sha1' });
  });

  test('W1 a repository of another owner is used only if the own git of the user accepts it', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('needs root to make a file of somebody else');
    const repo = kept(userRepository());
    chownSync(repo.root, 65_534, 65_534);
    chownSync(path.join(repo.root, '.git'), 65_534, 65_534);
    await expect(prepare(repo.root)).rejects.toEqual(unusable(/another user/));
    const own = process.env['HOME'];
    process.env['HOME'] = home;
    try {
      writeFileSync(path.join(home, '.gitconfig'), `[safe]\n\tdirectory = ${repo.root}\n`);
      const space = spaceOf(repo);
      const { base } = await space.prepare(RUN, null);
      expect(await space.publish(RUN, await oneCommit(space, base))).toEqual({ ok: true });
    } finally {
      process.env['HOME'] = own;
    }
  });

  test('W1 uncommitted and untracked files are named, ten at most, without a path of the machine, and are not in the base', async () => {
    const repo = kept(userRepository({ 'a.txt': 'one\n' }));
    repo.write({ 'a.txt': 'dirty\n', ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`new-${at}.txt`, 'x'])), 'with space.txt': '', '.autonomous_runs/x': '' });
    const space = spaceOf(repo);
    const { warnings, tree } = await space.prepare(RUN, null);
    expect(warnings).toEqual(['uncommitted or untracked files are not part of the run: a.txt, new-0.txt, new-1.txt, new-10.txt, new-11.txt, new-2.txt, new-3.txt, new-4.txt, new-5.txt, new-6.txt and 4 more']);
    expect(await space.files(tree)).toEqual([{ path: 'a.txt', mode: '100644', blob: repo.git('rev-parse', 'HEAD:a.txt'), size: 4 }]);
  });

  test('W1 a subfolder, submodules, LFS pointers and a shallow history are named in warnings', async () => {
    const origin = kept(userRepository({ 'sub/.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n', 'sub/x.txt': 'x\n' }));
    origin.git('update-index', '--add', '--cacheinfo', `160000,${origin.git('rev-parse', 'HEAD')},vendor/lib`);
    origin.git('commit', '-q', '-m', 'submodule');
    const folder = temporary();
    folders.push(folder);
    repositoryAt(folder).git('clone', '-q', '--depth=1', `file://${origin.root}`, 'c');
    const space = gitWorkspace({ userRepo: path.join(folder, 'c/sub'), home });
    const { warnings, base } = await space.prepare(RUN, null);
    expect((await space.inspect(null)).warnings).toEqual(['-C names the subfolder sub/; the run works from the root of the repository']);
    expect(warnings).toEqual([
      'submodules are empty folders in checkouts: vendor/lib',
      'files kept by Git LFS are only pointers in checkouts, see sub/.gitattributes',
      'the repository is shallow: older history is not there',
    ]);
    const clone = repositoryAt(path.join(folder, 'c'));
    const shallow = readFileSync(path.join(clone.root, '.git/shallow'));
    expect(await space.publish(RUN, await oneCommit(space, base))).toEqual({ ok: true });
    expect(readFileSync(path.join(clone.root, '.git/shallow'))).toEqual(shallow);
    expect(clone.git('log', '--format=%s', `autopack/run-${RUN}`)).toBe('change\nsubmodule');
  });

  test('W1 a linked working tree starts from its own HEAD and shares our repository with the main one', async () => {
    const repo = kept(userRepository());
    const folder = temporary();
    folders.push(folder);
    repo.git('worktree', 'add', '-q', '-b', 'side', path.join(folder, 'w'));
    const linked = repositoryAt(path.join(folder, 'w'));
    const head = linked.commit({ 'side.txt': 's\n' });
    const space = spaceOf(linked);
    expect(await space.prepare(RUN, null)).toMatchObject({ base: head, warnings: [] });
    expect(await space.publish(RUN, await oneCommit(space, head))).toEqual({ ok: true });
    await spaceOf(repo).prepare('r2', null);
    expect(readdirSync(path.join(home, 'repos'))).toHaveLength(1);
  });

  test('W5 the start is marked first; a run that is prepared again is marked anew, a mark that somebody moved is refused', async () => {
    const repo = kept(userRepository());
    writeFileSync(path.join(home, 'repos'), 'in the way'); // our own repository cannot be made
    await expect(spaceOf(repo).prepare(RUN, null)).rejects.toEqual(unusable(/state folder cannot be used: EEXIST/));
    const first = repo.git('rev-parse', `autopack/pre-run-${RUN}`);
    rmSync(path.join(home, 'repos'));
    expect((await spaceOf(repo).prepare(RUN, null)).base).toBe(first);
    const second = repo.commit({ 'b.txt': 'b' });
    expect((await spaceOf(repo).prepare(RUN, null)).base).toBe(second);
    expect(repo.git('rev-parse', `autopack/pre-run-${RUN}`)).toBe(second);
    repo.git('branch', '-f', `autopack/pre-run-${RUN}`, first);
    repo.commit({ 'c.txt': 'c' });
    await expect(spaceOf(repo).prepare(RUN, null)).rejects.toEqual(unusable(/pre-run-r1/));
    expect(repo.git('rev-parse', `autopack/pre-run-${RUN}`)).toBe(first);
  });

  test('W5 two that prepare at once share one repository of ours, which only its owner may read', async () => {
    const repo = kept(userRepository());
    const facts = await Promise.all(['r1', 'r2', 'r3'].map((run) => spaceOf(repo).prepare(run, null)));
    expect(new Set(facts.map(({ tree }) => tree)).size).toBe(1);
    expect(readdirSync(path.join(home, 'repos')).filter((name) => !name.startsWith('.new-'))).toHaveLength(1);
    expect(statSync(path.join(home, 'repos')).mode & 0o777).toBe(0o700);
  });
});

describe('taking a run over', () => {
  test('W5 our repository is made again when it is missing, and a commit of the log gets the id it had', async () => {
    const repo = kept(userRepository());
    const space = spaceOf(repo);
    const { base } = await space.prepare(RUN, null);
    const commit = await oneCommit(space, base);
    const ours = path.join(home, 'repos', readdirSync(path.join(home, 'repos'))[0] ?? '');
    for (const damage of [path.join(home, 'repos'), path.join(ours, 'HEAD'), path.join(ours, 'objects')]) {
      rmSync(damage, { recursive: true });
      await space.reopen(RUN, base);
      expect(await oneCommit(space, base)).toBe(commit);
    }
    const other = gitWorkspace({ userRepo: repo.root, home: path.join(home, 'elsewhere') });
    await other.reopen(RUN, base);
    expect(await oneCommit(other, base)).toBe(commit);
  });

  test('W5 a missing base is refused by its id', async () => {
    const repo = kept(userRepository());
    const missing = 'ab'.repeat(20);
    await expect(spaceOf(repo).reopen(RUN, missing)).rejects.toEqual(unusable(new RegExp(missing)));
  });
});

describe('commits and publishing', () => {
  test.each(['sha1', 'sha256'] as const)('W3 a commit has the id that domain computes without git, in %s', async (format) => {
    const repo = kept(userRepository({ 'a.txt': 'one\n' }, format));
    const space = spaceOf(repo);
    const facts = await space.prepare(RUN, null);
    expect(facts.objectFormat).toBe(format);
    for (const message of ['m', 'Grüße 🎉\n\nAutopack-Run: r1\n', '', 'nul\0 and lone \ud800']) {
      const request = { tree: facts.tree, parent: facts.base, message, atSeconds: 1_700_000_000 };
      const id = await space.commit(request);
      expect(id).toBe(commitId(request, format));
      expect(await space.commit(request)).toBe(id);
    }
    const commit = await oneCommit(space, facts.base);
    expect(await space.publish(RUN, commit)).toEqual({ ok: true });
    expect(repo.git('log', '-1', '--format=%an <%ae> %at %cn <%ce> %ct %(trailers:key=Autopack-Run)', commit)).toBe('autopack <autopack@localhost> 1700000000 autopack <autopack@localhost> 1700000000 Autopack-Run: r1');
    repo.git('fsck', '--strict');
  });

  async function published() {
    const repo = kept(userRepository());
    const space = spaceOf(repo);
    const { base } = await space.prepare(RUN, null);
    const first = await oneCommit(space, base);
    await space.publish(RUN, first);
    return { repo, space, base, first, at: () => repo.git('rev-parse', `autopack/run-${RUN}`) };
  }

  test('W5 publishing again, further, and back to an earlier savepoint moves the branch to the head of the log', async () => {
    const { space, base, first, at } = await published();
    const second = await oneCommit(space, first, 'TWO\n');
    const aside = await oneCommit(space, base, 'ASIDE\n');
    for (const commit of [first, second, second, first, aside]) {
      expect(await space.publish(RUN, commit)).toEqual({ ok: true });
      expect(at()).toBe(commit);
    }
  });

  test('W1 a branch that somebody else moved is left where it is', async () => {
    const { repo, space, first, at } = await published();
    const foreign = repo.commit({ 'mine.txt': 'm' });
    repo.git('branch', '-f', `autopack/run-${RUN}`, foreign);
    const second = await oneCommit(space, first, 'TWO\n');
    expect(await space.publish(RUN, second)).toEqual({ ok: false, reason: 'the branch autopack/run-r1 was moved by somebody else' });
    expect(at()).toBe(foreign);
    repo.git('branch', '-D', `autopack/run-${RUN}`);
    expect(await space.publish(RUN, second)).toEqual({ ok: true });
  });

  test('W1 a branch that is checked out in any working tree is left, and said so', async () => {
    const { repo, space, first, at } = await published();
    const folder = temporary();
    folders.push(folder);
    repo.git('worktree', 'add', '-q', path.join(folder, 'w'), `autopack/run-${RUN}`);
    expect(await space.publish(RUN, await oneCommit(space, first, 'TWO\n'))).toEqual({ ok: false, reason: 'the branch autopack/run-r1 is checked out in one of your working trees' });
    expect(at()).toBe(first);
    expect(await space.publish(RUN, first)).toEqual({ ok: true });
  });

  test('W5 a refused publish is a result without a path: unknown commit, locked refs, the repository gone', async () => {
    const { repo, space, first } = await published();
    const second = await oneCommit(space, first, 'TWO\n');
    const lock = path.join(repo.root, `.git/refs/heads/autopack/run-${RUN}.lock`);
    const held = setInterval(() => writeFileSync(lock, String(performance.now())), 20); // somebody living works there
    writeFileSync(lock, '');
    const results = [await space.publish(RUN, 'ab'.repeat(20)), await space.publish(RUN, second)];
    clearInterval(held);
    expect(existsSync(lock)).toBe(true);
    rmSync(repo.root, { recursive: true });
    results.push(await space.publish(RUN, second));
    for (const result of results) expect(result).toEqual({ ok: false, reason: expect.not.stringContaining('/tmp') });
  });

  test('W5 locks that a killed git left beside refs of the run are taken away, in their repository and in ours', async () => {
    const { repo, space, base, first, at } = await published();
    const [ours = ''] = readdirSync(path.join(home, 'repos'));
    const locks = [
      ...['pre-run', 'run'].map((name) => path.join(repo.root, `.git/refs/heads/autopack/${name}-${RUN}.lock`)),
      ...['base', 'wanted', 'published'].map((name) => path.join(home, 'repos', ours, 'refs/autopack', name, `${RUN}.lock`)),
    ];
    for (const lock of locks) writeFileSync(lock, '');
    const second = await oneCommit(space, first, 'TWO\n');
    expect(await space.publish(RUN, second)).toEqual({ ok: true });
    expect(at()).toBe(second);
    expect(await space.prepare(RUN, base)).toMatchObject({ base });
    await space.clean(RUN, true);
    expect(repo.git('branch', '--list', 'autopack/pre-run-*')).toBe('');
    expect(locks.filter((lock) => existsSync(lock))).toEqual([]);
  });

  test('W1 clean keeps the mark of the start after a failed run, and one that somebody moved', async () => {
    const { repo, space } = await published();
    await space.clean(RUN, false);
    expect(repo.git('branch', '--list', 'autopack/pre-run-*')).not.toBe('');
    repo.git('branch', '-f', `autopack/pre-run-${RUN}`, repo.commit({ 'x.txt': 'x' }));
    await space.clean(RUN, true);
    expect(repo.git('branch', '--list', 'autopack/pre-run-*')).not.toBe('');
  });
});

describe('checkouts', () => {
  const files = { 'a.txt': 'one\n', 'dir/run.sh': '#!/bin/sh\n', 'crlf.txt': 'a\r\nb\r\n', 'ä ö.txt': 'x', 'quo"te\n.txt': 'y', '.gitattributes': '*.txt filter=evil\n' };

  test('W2 a checkout has the files of its tree, their modes and empty homes beside it, and no .git', async () => {
    const repo = kept(userRepository(files));
    repo.git('update-index', '--chmod=+x', 'dir/run.sh');
    repo.git('commit', '-q', '-m', 'x');
    const space = spaceOf(repo);
    const { tree } = await space.prepare(RUN, null);
    const checkout = await space.checkout(tree, `${RUN}/phase:p1/2`, bare);
    const found = fingerprint(checkout.path);
    expect([...found.keys()].filter((name) => name !== 'dir').toSorted()).toEqual(Object.keys(files).toSorted());
    expect(readFileSync(path.join(checkout.path, 'crlf.txt'), 'utf8')).toBe('a\r\nb\r\n');
    expect(statSync(path.join(checkout.path, 'dir/run.sh')).mode & 0o111).not.toBe(0);
    expect(readdirSync(checkout.home)).toEqual([]);
    expect(readdirSync(checkout.temp)).toEqual([]);
    for (const folder of [checkout.path, checkout.home, checkout.temp]) expect(statSync(folder).mode & 0o777).toBe(0o700);
    await checkout.remove();
    await checkout.remove();
    expect(existsSync(checkout.path)).toBe(false);
  });

  test('W7 what was written into a checkout is read as a plain file inside of it, up to a size, and no link leads out', async () => {
    const repo = kept(userRepository({ ...files, 'old.xml': 'of the tree' }));
    const space = spaceOf(repo);
    const { tree } = await space.prepare(RUN, null);
    const checkout = await space.checkout(tree, `${RUN}/phase:p1/3`, bare);
    const outside = path.join(home, 'secret.xml');
    writeFileSync(outside, 'outside');
    mkdirSync(path.join(checkout.path, 'out/folder'), { recursive: true });
    writeFileSync(path.join(checkout.path, 'out/report.xml'), 'inside');
    symlinkSync(outside, path.join(checkout.path, 'link.xml'));
    symlinkSync('out/report.xml', path.join(checkout.path, 'inner.xml'));
    symlinkSync(home, path.join(checkout.path, 'way'));
    linkSync(outside, path.join(checkout.path, 'hard.xml'));
    execFileSync('mkfifo', [path.join(checkout.path, 'pipe')]);
    const read = async (file: string, max = 100): Promise<string | null> => {
      const bytes = await checkout.read(file, max);
      return bytes === null ? null : Buffer.from(bytes).toString('utf8');
    };
    expect(await read('out/report.xml')).toBe('inside');
    expect(await read('./out//report.xml', 6)).toBe('inside');
    for (const file of ['link.xml', 'inner.xml', 'way/secret.xml', 'hard.xml', 'pipe', 'out', 'out/folder', 'none.xml', '../secret.xml', 'out/../old.xml', outside, '', '.', 'a\0b']) expect(await read(file), file).toBeNull();
    expect(await read('out/report.xml', 5), 'too large').toBeNull();
    for (const file of ['old.xml', 'link.xml', 'hard.xml', 'way/secret.xml', 'out', 'none.xml', '../secret.xml', outside]) await checkout.forget(file);
    expect(await read('old.xml')).toBeNull();
    expect(readFileSync(outside, 'utf8')).toBe('outside');
    expect(existsSync(path.join(checkout.path, 'out/report.xml'))).toBe(true);
    await checkout.remove();
  });

  test('W5 what an earlier life left under the same mark is gone, another mark is another folder, and clean removes both', async () => {
    const repo = kept(userRepository());
    const space = spaceOf(repo);
    const { tree } = await space.prepare(RUN, null);
    const first = await space.checkout(tree, `${RUN}/e/1`, bare);
    mkdirSync(path.join(first.path, 'locked'));
    writeFileSync(path.join(first.path, 'locked/left.txt'), '');
    chmodSync(path.join(first.path, 'locked'), 0o500);
    const [again, other] = await Promise.all([space.checkout(tree, `${RUN}/e/1`, bare), space.checkout(tree, `${RUN}/e-1`, bare)]);
    expect(again.path).toBe(first.path);
    expect(other.path).not.toBe(first.path);
    expect(readdirSync(again.path)).toEqual(['a.txt']);
    await space.clean(RUN, false);
    expect(readdirSync(path.join(home, 'work'))).toEqual([]);
  });

  test('W5 read-only folders and files that a test left are removed by a user without privileges, links are not followed', () => {
    const outside = path.join(home, 'outside');
    mkdirSync(outside, { mode: 0o777 });
    writeFileSync(path.join(outside, 'kept'), '');
    const module = new URL('../../src/adapters/git/remove-tree.ts', import.meta.url).href;
    const program = `
      import fs from 'node:fs';
      import { removeTree } from '${module}';
      const made = fs.mkdtempSync('${os.tmpdir()}/autopack-locked-');
      fs.mkdirSync(made + '/a/b', { recursive: true });
      fs.writeFileSync(made + '/a/b/c', '', { mode: 0o400 });
      fs.symlinkSync('${outside}', made + '/a/link');
      for (const name of ['/a/b', '/a']) fs.chmodSync(made + name, 0o000);
      await removeTree(made);
      console.log(fs.existsSync(made));`;
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    chmodSync(home, 0o755);
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { ...nobody, encoding: 'utf8', cwd: '/' })).toBe('false\n');
    expect(readdirSync(outside)).toEqual(['kept']);
  });
});
