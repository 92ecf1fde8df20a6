/** What a shell has to be told. Each script asks the program itself, so that it need not be made again with each version. */

/** The program's first argument, as for programs that are made with cobra, which kubectl expects of a plugin. */
export const COMPLETE = '__complete';
/** After the candidates: what the shell may add. Cobra's numbers. */
export const DIRECTIVES = {files: ':0', noFiles: ':4'} as const;

const PROGRAM = 'kubectl-spread';

const BASH = `# ${PROGRAM} completion for bash: source <(${PROGRAM} completion bash)
_kubectl_spread() {
  local output line
  COMPREPLY=()
  output=$(${PROGRAM} ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  while IFS= read -r line; do
    case $line in
      ${DIRECTIVES.files}) compopt -o default 2>/dev/null ;;
      :*) ;;
      ?*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done <<<"$output"
}
complete -F _kubectl_spread ${PROGRAM}
`;

const ZSH = `#compdef ${PROGRAM}
# ${PROGRAM} completion for zsh: source <(${PROGRAM} completion zsh)
_kubectl_spread() {
  local -a candidates
  local line word
  for line in "\${(@f)$(${PROGRAM} ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      ${DIRECTIVES.files}) _files ;;
      :*|'') ;;
      *) word=\${line%%$'\\t'*}; candidates+=("\${word//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe '${PROGRAM}' candidates
}
compdef _kubectl_spread ${PROGRAM}
`;

const FISH = `# ${PROGRAM} completion for fish: ${PROGRAM} completion fish | source
function __kubectl_spread_complete
  set -l words (commandline -opc)
  for line in (${PROGRAM} ${COMPLETE} $words[2..-1] (commandline -ct) 2>/dev/null)
    switch $line
      case '${DIRECTIVES.files}'
        __fish_complete_path (commandline -ct)
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c ${PROGRAM} -f -a '(__kubectl_spread_complete)'
`;

const KUBECTL = `#!/bin/sh
# Completion of "kubectl spread" by kubectl: save this as kubectl_complete-spread, executable and in the PATH.
exec ${PROGRAM} ${COMPLETE} "$@"
`;

export const SCRIPTS = {bash: BASH, zsh: ZSH, fish: FISH, kubectl: KUBECTL} as const;
