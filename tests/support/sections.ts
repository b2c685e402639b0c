// A prompt read as a careful reader would: what stands outside, and the sections. For tests.

export interface Section { readonly label: string; readonly body: string }

/** A line of `<` opens a section, the first line of as many `>` ends it; its label is the line before. */
export function sectionsOf(prompt: string): { readonly outside: string; readonly sections: readonly Section[] } {
  const lines = prompt.split('\n');
  const outside: string[] = [];
  const sections: Section[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const end = /^<{3,}$/.test(line) ? lines.indexOf('>'.repeat(line.length), at + 1) : -1;
    if (end === -1) {
      outside.push(line);
      continue;
    }
    sections.push({ label: outside.pop() ?? '', body: lines.slice(at + 1, end).join('\n') });
    at = end;
  }
  return { outside: outside.join('\n'), sections };
}
