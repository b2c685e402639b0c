// Completion scripts
// ==================
// For bash, zsh and fish, made from the same table of commands that `--help` prints.

import type { Command } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

interface Flag {
  /** Like `-C` and `--workspace`. */
  readonly names: readonly string[];
  readonly description: string;
}

interface Entry {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly below: readonly Entry[];
}

const entryOf = (command: Command): Entry => ({
  name: command.name(),
  description: command.description(),
  flags: [...command.options.map(({ short, long, description }) => ({ names: [short, long].filter((name) => name !== undefined && name !== null), description })), { names: ['-h', '--help'], description: 'display help' }],
  below: command.commands.map(entryOf),
});

export function completionScript(shell: Shell, program: Command): string {
  const { name, below } = entryOf(program);
  return { bash, zsh, fish }[shell](name, below);
}

const namesOf = ({ flags, below }: Entry): string[] => [...below.map(({ name }) => name), ...flags.flatMap(({ names }) => names)];

/** Commands that have commands below them, as a pattern of `case`. */
const groups = (entries: readonly Entry[]): string => entries.filter(({ below }) => below.length > 0).map(({ name }) => name).join('|');

function bash(program: string, entries: readonly Entry[]): string {
  const cases = entries.flatMap((entry) => [`    ${entry.name}) words='${namesOf(entry).join(' ')}' ;;`, ...entry.below.map((under) => `    '${entry.name} ${under.name}') words='${namesOf(under).join(' ')}' ;;`)]);
  return `# bash: eval "$(${program} completions bash)"
_${program}() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words
  [ "$COMP_CWORD" -eq 1 ] && command=
  case "$command" in ${groups(entries)}) [ "$COMP_CWORD" -gt 2 ] && command="$command \${COMP_WORDS[2]}" ;; esac
  case "$command" in
    '') words='${entries.map(({ name }) => name).join(' ')} --help --version' ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${program} ${program}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(program: string, entries: readonly Entry[]): string {
  const item = (name: string, description: string): string => quoted(`${name}:${description.replaceAll(':', '\\:')}`);
  const items = ({ flags, below }: Entry): string => [...below.map((under) => item(under.name, under.description)), ...flags.flatMap(({ names, description }) => names.map((name) => item(name, description)))].join(' ');
  const cases = entries.flatMap((entry) => [`    ${entry.name}) items=(${items(entry)}) ;;`, ...entry.below.map((under) => `    '${entry.name} ${under.name}') items=(${items(under)}) ;;`)]);
  return `#compdef ${program}
# zsh: source <(${program} completions zsh)
_${program}() {
  local command=\${words[2]}
  local -a items
  (( CURRENT == 2 )) && command=
  case $command in ${groups(entries)}) (( CURRENT > 3 )) && command="$command \${words[3]}" ;; esac
  case $command in
    '') items=(${entries.map(({ name, description }) => item(name, description)).join(' ')}) ;;
${cases.join('\n')}
  esac
  _describe ${program} items
  [[ \${words[CURRENT]} == -* || -z $command ]] || _files
}
compdef _${program} ${program}
`;
}

function fish(program: string, entries: readonly Entry[]): string {
  const flag = (when: string, { names, description }: Flag): string => `complete -c ${program} -n ${quoted(when)} ${names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')} -d ${quoted(description)}`;
  const word = (when: string, { name, description }: Entry): string => `complete -c ${program} -f -n ${quoted(when)} -a ${name} -d ${quoted(description)}`;
  const lines = entries.flatMap((entry) => {
    const seen = `__fish_seen_subcommand_from ${entry.name}`;
    return [word('__fish_use_subcommand', entry), ...entry.below.map((under) => word(seen, under)), ...entry.flags.map((of) => flag(seen, of))];
  });
  return `# fish: ${program} completions fish | source\n${lines.join('\n')}\n`;
}
