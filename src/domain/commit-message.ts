// Commit message
// ==============
// A subject for people and three trailers for the auditor. A pure function of plan and log: so is the commit's id.

const SUBJECT_MAX = 72;

/** @param seq of the record that asked for the commit. */
export function commitMessage({ run, phase, name, seq }: { run: string; phase: string; name: string; seq: number }): string {
  const title = name.replace(/\s+/g, ' ').trim();
  const subject = [...`${phase}: ${title === '' ? phase : title}`].slice(0, SUBJECT_MAX).join('').trimEnd();
  return `${subject}\n\nAutopack-Run: ${run}\nAutopack-Phase: ${phase}\nAutopack-Record: ${seq}\n`;
}
