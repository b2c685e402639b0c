// doctor
// ======
// What a run would meet on this machine, a line each.

import { examine, type DoctorRequest, type Finding } from '#src/app/doctor.ts';
import type { Context } from './context.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

export async function doctorCommand({ machine, output, stop }: Context, asked: Pick<DoctorRequest, 'workspace' | 'provider' | 'plan'>): Promise<number> {
  const findings = await examine({ ...asked, machine, stop: stop.signal });
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  const exit = count('fail') === 0 ? 0 : 1;
  if (output.json) output.emit({ v: 1, type: 'doctor', ok: exit === 0, findings });
  for (const { name, level, text, fix } of findings) {
    output.print(`${output.style(COLOURS[level], level.padEnd(4))}  ${name.padEnd(13)}  ${text}`);
    if (fix !== null) output.print(`${' '.repeat(21)}${fix}`);
  }
  output.print(exit === 0 ? `\na run can begin here${count('warn') === 0 ? '' : `, with ${count('warn')} warnings`}` : `\n${count('fail')} to mend before a run can begin`);
  return exit;
}
