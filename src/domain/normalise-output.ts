// Normalised output
// =================
// What a command printed, without what belongs to the machine or the moment: two runs of the same tree give the same
// text. Pure and idempotent. Source: DESIGN 3.

export interface OutputPlaces {
  /** Absolute; each becomes a fixed word. */
  readonly checkout: string;
  readonly temp: string;
  readonly home: string;
}

export function normaliseOutput(text: string, places: OutputPlaces): string {
  // What one pass takes away may uncover more. It ends: every change takes away a digit or a slash and adds none.
  let current = visible(text);
  for (let before = ''; before !== current; ) {
    before = current;
    current = momentless(placeless(current, places));
  }
  return current;
}

// oxlint-disable-next-line no-control-regex -- they are what it looks for
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])/g;
const CONTROLS = /(?![\n\t])\p{Cc}/gu;

/** What was printed or written, with times and numbers as they are: for those who read reports. */
export const readable = (text: string, places: OutputPlaces): string => placeless(visible(text), places);

/** Escape sequences and control characters gone, line ends LF. */
const visible = (text: string): string => text.replace(/\r\n?/g, '\n').replace(ESCAPES, '').replace(CONTROLS, '').toWellFormed();

function placeless(text: string, { checkout, temp, home }: OutputPlaces): string {
  const places = ([[checkout, '.'], [temp, '$TMP'], [home, '$HOME']] as const).filter(([place]) => place.length > 1 && place.startsWith('/'));
  if (places.length === 0) return text;
  const spelled = places.flatMap(([place, word]) => [[place, word], [inUrl(place), word]] as const);
  // The longest first: one place may lie inside another.
  const sorted = spelled.toSorted(([a], [b]) => b.length - a.length);
  // Not in the middle of a longer path, and not the beginning of a longer name.
  const pattern = new RegExp(`(?<![\\w.$-])(?:${sorted.map(([place]) => escaped(place)).join('|')})(?![\\w-]|\\.\\w)`, 'g');
  const words = new Map<string, string>(sorted);
  return text.replace(pattern, (place) => words.get(place) ?? place);
}

/** As it stands in a file url: stack traces of modules have it so. */
const inUrl = (place: string): string => new URL(`file://${place.replace(/[%?#\\]/g, encodeURIComponent)}`).pathname;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const UNIT = '(?:ns|µs|μs|us|ms|milliseconds?|s|secs?|seconds?|min|mins|minutes?|h|hours?)';

/** Order matters: a timestamp has a clock time in it. Each replaces the whole by `#`, or the part behind its first group. */
const MOMENTS: readonly RegExp[] = [
  /(?<![\w#.])\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2})(?![\w:]))?(?![\w#:])/g,
  /(?<![\w#:.])\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?: ?[AP]M\b)?(?![\w#:])/g,
  /((?:duration_ms|"duration"|"time"|\btime)(?:"?\s{0,8}[:=]\s{0,8}"?|\s{1,8}))(?:\d+(?:\.\d+)?(?:e-?\d+)?)(?![\w#.])/gi,
  new RegExp(`(?<![\\w#.])(?:\\d+m(?:in)?\\s?)?\\d+(?:[.,]\\d+)?\\s?${UNIT}(?![\\w#])`, 'g'),
  /(\bp?pid\b\s{0,8}[:=#]?\s{0,8})\d+(?![\w#])/gi,
  /(\bprocess\s{1,8}(?:id\s{1,8})?)\d+(?![\w#])/gi,
  /(\((?:node|bun|deno|python\d?):)\d+(?=\))/g,
  /(==)\d+(?===)/g,
  /(?<![\w#])0x[0-9a-f]{6,16}(?![\w#])/gi,
];

function momentless(text: string): string {
  let current = text;
  for (const pattern of MOMENTS) current = current.replace(pattern, (...found) => `${typeof found[1] === 'string' ? found[1] : ''}#`);
  return current;
}
