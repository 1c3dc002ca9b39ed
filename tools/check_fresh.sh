#!/bin/bash
# check_fresh.sh - refuse generated files that differ from what their generator makes now.
#
#   tools/check_fresh.sh              compare every row of tools/fresh.list
#   tools/check_fresh.sh --write      bring the files up to date
#   tools/check_fresh.sh --self-test
set -euo pipefail
cd "$(dirname "$0")/.."
list=tools/fresh.list
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# FILE COMMAND: true when the file is what the command prints.
is_fresh() {
	if ! bash -c "$2" >"$made/new" 2>"$made/err" </dev/null; then
		echo "$1: its generator failed: $2"
		cat "$made/err"
		return 1
	fi
	if ! diff -u --label "$1" --label "$1 (generated now)" "$1" "$made/new" >"$made/diff" 2>&1; then
		echo "$1: not fresh; tools/check_fresh.sh --write"
		head -n 20 "$made/diff"
		return 1
	fi
}

rows() {
	grep -v -e '^#' -e '^[[:space:]]*$' "$1" || true
}

compare_all() {
	local file command bad=0
	while IFS=: read -r file command; do
		is_fresh "$file" "$command" || bad=1
	done < <(rows "$1")
	return $bad
}

write_all() {
	local file command
	while IFS=: read -r file command; do
		bash -c "$command" >"$made/new"
		cat "$made/new" >"$file"
	done < <(rows "$list")
}

self_test() {
	echo old >"$made/file"
	echo "$made/file: echo old" >"$made/list"
	compare_all "$made/list" || return 1
	local command
	for command in 'echo new' false 'echo old; exit 3'; do
		echo "$made/file: $command" >"$made/list"
		if compare_all "$made/list" >/dev/null; then
			echo "fresh: self-test: \"$command\" passed"
			return 1
		fi
	done
	echo "fresh: self-test: 4 samples ok"
}

case ${1:-} in
--self-test) self_test ;;
--write) write_all ;;
*) compare_all "$list" ;;
esac
