// Protected names
// ===============
// What a file system may take for `.git` and its like: case, dots and spaces at the end, NTFS short names and streams,
// HFS ignorable code points, letters that look alike. Sources: git's verify_path, is_ntfs_dotgit, is_hfs_dotgit.

/** Code points that HFS+ ignores, and others without a glyph. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Letters that look like ASCII ones and survive NFKC. Cyrillic, Greek, Armenian, Cherokee, small capitals and a few Latin ones. */
const LOOK_ALIKE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['a', 'аαɑᴀꭺ'], ['b', 'Ььƅʙᏼ'], ['c', 'сϲᴄꮯ'], ['d', 'ԁɗᴅꭰ'], ['e', 'еєҽᴇꭼ'], ['f', 'ƒꜰ'], ['g', 'ɡցԍɢꮐꮆᏻ'], ['h', 'һհʜꮋ'], ['i', 'іιıɩɪꭵ'],
    ['j', 'јϳᴊꭻ'], ['k', 'кκᴋꮶ'], ['l', 'ӏǀ|ʟꮮ'], ['m', 'мᴍꮇ'], ['n', 'ոпɴ'], ['o', 'оοօσᴏ'], ['p', 'рρᴘꮲ'], ['q', 'ԛզ'], ['r', 'гᴦʀꭱ'],
    ['s', 'ѕꜱꮪ'], ['t', 'тτᴛꭲ'], ['u', 'υսᴜ'], ['v', 'ѵνᴠꮩ'], ['w', 'ԝѡωᴡꮃ'], ['x', 'хχ'], ['y', 'уүγʏꮍ'], ['z', 'ᴢꮓ'], ['.', '․‧·。'], ['_', 'ˍ'],
  ].flatMap(([letter = '', looks = '']) => [...looks].map((look) => [look, letter])),
);

/** What is left of a segment when a careless reader or file system has read it. Idempotent. */
export function skeleton(segment: string): string {
  const plain = segment.normalize('NFKC').replace(INVISIBLE, '').toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
  return [...plain].map((letter) => LOOK_ALIKE[letter] ?? letter).join('');
}

/** A segment as NTFS stores it: without stream, dots and spaces at the end. */
const onNtfs = (segment: string): string => segment.replace(/:.*$/s, '').replace(/[. ]+$/, '');

/** The 8.3 name NTFS may give: six characters without dots, `~`, a number. */
function isShortNameOf(segment: string, name: string): boolean {
  const [, stem = '', , extension = ''] = /^([^~.]{1,6})~([1-9]\d?)(?:\.(.{0,3}))?$/.exec(segment) ?? [];
  if (stem === '') return false;
  const last = name.lastIndexOf('.');
  const [base, ending] = last > 0 ? [name.slice(0, last), name.slice(last + 1)] : [name, ''];
  return base.replace(/[. ]/g, '').slice(0, 6) === stem && ending.slice(0, 3) === extension;
}

/** The hashed short names of git's own list. */
const HASHED: Readonly<Record<string, string>> = { '.gitmodules': 'gi7eba', '.gitattributes': 'gi7d29' };

/** Whether nothing is left of a segment where dots and spaces at an end are not stored: `.. ` is the folder above. */
export const isDots = (segment: string): boolean => !/\w/.test(segment) && /^[. ]+$/.test(skeleton(segment));

/** Whether some file system or reader takes `segment` for `name` (in lower case). */
export function meansName(segment: string, name: string): boolean {
  const seen = onNtfs(skeleton(segment));
  const hashed = HASHED[name];
  return seen === name || isShortNameOf(seen, name) || (hashed !== undefined && seen.startsWith(`${hashed}~`));
}

export const isGitName = (segment: string): boolean => meansName(segment, '.git');
