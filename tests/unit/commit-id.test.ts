import { expect, test } from 'vitest';
import { commitBytes, commitId } from '#src/domain/commit-id.ts';

const parts = { tree: '4b825dc642cb6eb9a060e54bf8d69288fbee4904', parent: 'e83c5163316f89bfbde7d9ab23ca2e25604af290', message: 'phase: done', atSeconds: 1_700_000_000 };

test('W3 the bytes of a commit are fixed but for tree, parent, message and time', () => {
  expect(commitBytes(parts).toString()).toBe(
    'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent e83c5163316f89bfbde7d9ab23ca2e25604af290\n' +
      'author autopack <autopack@localhost> 1700000000 +0000\ncommitter autopack <autopack@localhost> 1700000000 +0000\n\nphase: done\n',
  );
});

test('W3 a commit has the ids that git gives these bytes, in sha1 and sha256', () => {
  expect(commitId(parts, 'sha1')).toBe('4fe69200035de6d186e08ed5c0ced30785c63464');
  expect(commitId(parts, 'sha256')).toBe('766bcf6aaa2105ff133febe68bc09640eb68dc47987ab7f66a390a9ae4f648d2');
});

test('W3 the line feed at the end of a message is written once', () => {
  expect(commitId({ ...parts, message: 'phase: done\n' }, 'sha1')).toBe(commitId(parts, 'sha1'));
});
