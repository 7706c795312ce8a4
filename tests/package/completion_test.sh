#!/usr/bin/env bash
# The page and the completions that `weir generate` makes: every command and option of --help is in them, and bash
# completes with them. $WEIR names the program.
set -euo pipefail
fail() { echo "FAILED: $*" >&2; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for kind in man bash zsh; do "$WEIR" generate "$kind" >"$dir/$kind"; done

[ -z "$(groff -man -ww -z "$dir/man" 2>&1)" ] || fail "groff: $(groff -man -ww -z "$dir/man" 2>&1)"
bash -n "$dir/bash"
zsh -n "$dir/zsh"

# What --help says: commands, and their options.
mapfile -t commands < <("$WEIR" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p')
[ ${#commands[@]} -ge 15 ] || fail "few commands: ${commands[*]}"
man=$(sed 's/\\-/-/g; s/\\f[BIR]//g' "$dir/man")
for command in "${commands[@]}"; do
  grep -q "^.SS weir $command" <<<"$man" || fail "the page lacks $command"
  grep -q "^    $command)$" "$dir/bash" || fail "bash lacks $command"
  grep -q "^      $command)$" "$dir/zsh" || fail "zsh lacks $command"
  while read -r option; do
    grep -q -e "$option" <<<"$man" || fail "the page lacks $command $option"
    sed -n "/^    $command)/,/^      ;;$/p" "$dir/bash" | grep -q -e "$option" || fail "bash lacks $command $option"
    sed -n "/^      $command)/,/^        ;;$/p" "$dir/zsh" | grep -q -e "'$option" || fail "zsh lacks $command $option"
  done < <("$WEIR" "$command" --help | sed -n '/^Options:/,/^$/p' | grep -o -e '--[a-z][a-z-]*' | grep -v -e --help)
done

# complete WORD...: what bash offers for the last word.
complete() {
  (cd "$dir" && PATH="$(dirname "$WEIR"):$PATH" bash -c '
    . ./bash
    COMP_WORDS=(weir "$@") COMP_CWORD=$#
    _weir
    [ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' weir "$@")
}
touch "$dir/job.yaml" "$dir/other.txt"
mkdir "$dir/jobs"
is() { [ "$1" = "$2" ] || fail "offered: $1; expected: $2"; }
is "$(complete re)" "reload restart "
is "$(complete run jo)" "job.yaml jobs "
is "$(complete run --state)" "--state-dir "
is "$(complete run --state-dir jo)" "jobs "
is "$(complete run --config ot)" ""
is "$(complete marker st)" "status "
is "$(complete restart --parallel 4)" ""
is "$(complete help che)" "check "

# The jobs of a daemon; without one nothing, and nothing is said.
mkdir "$dir/bin"
printf '#!/bin/sh\nexit 1\n' >"$dir/bin/weir"
chmod +x "$dir/bin/weir"
is "$(WEIR=$dir/bin/weir complete stop c 2>&1)" ""
printf '#!/bin/sh\necho '\''{"jobs":[{"name":"clicks","state":"running"},{"name":"cart"},{"name":"a"}]}'\''\n' >"$dir/bin/weir"
is "$(WEIR=$dir/bin/weir complete stop c)" "cart clicks "
echo "page and completions are as the commands"
