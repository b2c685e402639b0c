// Output limits
// =============
// How many tokens a builder may answer with: estimated from what the phase is to deliver, never below the limit of its
// complexity. Sources: E-135, E-136.

export interface LimitInput {
  readonly category: string | null;
  readonly complexity: 'low' | 'medium' | 'high' | 'maintenance';
  readonly deliverables: readonly string[];
  /** Whether a deliverable is in the repository already. */
  readonly exists: (path: string) => boolean;
  readonly scope: readonly string[];
  /** Whole files are given, or much is changed. */
  readonly isLarge: boolean;
  /** Of complexity and category, from the configuration. */
  readonly base: number;
  readonly max: number;
}

type Levels = readonly [low: number, medium: number, high: number];
const OVERHEAD: readonly (readonly [RegExp, Levels])[] = [
  [/^(?:implementation|feature)/, [634, 1176, 5000]], [/^refactor/, [2500, 3500, 5500]], [/^config/, [800, 1500, 2500]], [/^integration/, [3000, 4000, 6000]],
  [/^test/, [915, 2500, 4000]], [/^doc/, [1500, 2500, 3500]], [/^(?:backend|database|deployment)/, [2000, 3000, 5000]], [/^frontend/, [2500, 3500, 5500]],
];
const OTHER: Levels = [2000, 2000, 2000];

/** Tokens of one more file, new and modified; the first that fits its path. */
const MARGINAL: readonly (readonly [RegExp, number, number])[] = [
  [/(?:^|\/)(?:tests?|__tests__|specs?)\/|[._-](?:test|spec)\.|(?:^|\/)test_/i, 1400, 600], [/\.(?:md|markdown|rst|txt|adoc)$/i, 500, 400],
  [/\.(?:json|ya?ml|toml|ini|cfg|sql)$|(?:^|\/)migrations?\//i, 1000, 500], [/\.(?:[jt]sx|vue|svelte|css|scss|html)$|(?:^|\/)frontend\//i, 2800, 1100],
];
const BACKEND = [2000, 700] as const;

const MANY = 8;
const LOCK = /(?:^|\/)(?:package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|[\w-]+\.lock|go\.sum|pyproject\.toml|requirements[^/]*\.txt)$/i;

export function estimateOutput({ category, complexity, deliverables, exists }: Pick<LimitInput, 'category' | 'complexity' | 'deliverables' | 'exists'>): number {
  const [low, medium, high] = OVERHEAD.find(([name]) => name.test(category ?? ''))?.[1] ?? OTHER;
  const overhead = complexity === 'high' ? high : complexity === 'medium' ? medium : low;
  const marginal = deliverables.map((path) => {
    const [, fresh, modified] = MARGINAL.find(([name]) => name.test(path)) ?? [null, ...BACKEND];
    return exists(path) ? modified : fresh;
  });
  return Math.floor(((overhead + marginal.reduce((sum, tokens) => sum + tokens, 0)) * 13) / 10);
}

/** E-136: a limit that is too high costs nothing, one that is too low costs an attempt. */
export function selectLimit(input: LimitInput): number {
  const { category, complexity, deliverables, scope, base, max } = input;
  const name = category ?? '';
  const isDocs = name.startsWith('doc');
  const tenths = deliverables.length >= MANY || (name.startsWith('integration') && complexity === 'high') ? 16 : 12;
  const estimate = deliverables.length === 0 ? 0 : Math.floor((estimateOutput(input) * tenths) / 10);
  const floors = [
    [...scope, ...deliverables].some((path) => LOCK.test(path)) ? 12_000 : 0, /^(?:deployment|frontend)/.test(name) ? 16_384 : 0, name.startsWith('backend') && scope.length >= 3 ? 12_000 : 0,
    input.isLarge && !isDocs ? 16_384 : 0,
  ];
  return Math.min(Math.max(base, estimate, ...floors), max);
}
