// Salvage
// =======
// A plan whose schema is broken in places, made whole with stand-ins, so that everything else that is wrong with it can be
// told as well. What it gives is read for problems and then thrown away.

import { salvagedFields } from '#src/yaml/located.ts';
import { CanonicalInput, lengthened, PhaseInput, ShortInput, TierInput } from './input.ts';

const fieldOf = (value: unknown, key: string): unknown => (value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined);
const listOf = (value: unknown, key: string): readonly unknown[] => {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
};
/** A name that is no name stays, so that whoever refers to it does not refer to nothing. */
const named = (value: unknown, key: string, stand: string): string => {
  const name = fieldOf(value, key);
  return typeof name === 'string' ? name : stand;
};
const FAR = 1_000_000;

export function salvagedPlan(value: unknown, isCanonical: boolean): CanonicalInput {
  return isCanonical ? canonicalOf(value) : shortOf(value);
}

function canonicalOf(value: unknown): CanonicalInput {
  const tiers = listOf(value, 'tiers').map((tier, i) => ({ tier_index: FAR + i, name: 't', ...salvagedFields(TierInput, tier), tier_id: named(tier, 'tier_id', `?${i}`) }));
  const phases = listOf(value, 'phases').map((phase, i) => ({ phase_index: FAR + i, name: 'p', ...salvagedFields(PhaseInput, phase), phase_id: named(phase, 'phase_id', `?${i}`), tier_id: named(phase, 'tier_id', tiers[0]?.tier_id ?? '') }));
  return { ...salvagedFields(CanonicalInput, value), tiers, phases } as CanonicalInput;
}

function shortOf(value: unknown): CanonicalInput {
  const phases = listOf(value, 'phases').map((phase, i) => ({ ...salvagedFields(ShortInput.shape.phases.element, phase), phase_id: named(phase, 'phase_id', `?${i}`) }));
  return lengthened({ ...salvagedFields(ShortInput, value), phases } as ShortInput);
}
