// Categories
// ==========
// What a category of tasks means everywhere: gate, routing, audits, budgets read this one table (E-016, E-620).

export interface Category {
  readonly highRisk: boolean;
  readonly secondAuditor: 'none' | 'wanted' | 'required';
  /** Coverage counts, also where it is unknown. */
  readonly strict: boolean;
  /** E-503: nothing of it is committed before a human has said so. */
  readonly askBeforeCommit: boolean;
  readonly attemptsMax: number;
}
export type CategoryTable = ReadonlyMap<string, Category>;

const GENERAL: Category = { highRisk: false, secondAuditor: 'none', strict: false, askBeforeCommit: false, attemptsMax: 5 };

/** The entry of a name, else of its longest stem: `schema_contract_change_destructive` is a `schema_contract_change`. */
export function byStem<T>(table: ReadonlyMap<string, T>, name: string): T | null {
  for (let stem = name; stem !== ''; stem = stem.slice(0, Math.max(0, stem.lastIndexOf('_')))) {
    const found = table.get(stem);
    if (found !== undefined) return found;
  }
  return null;
}

export const categoryOf = (table: CategoryTable, name: string | null): Category => byStem(table, name ?? 'general') ?? table.get('general') ?? GENERAL;
