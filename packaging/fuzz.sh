#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs every fuzz target of the module for the given time or count of inputs, one
# after the other.
set -eu
time=${1:-3000x}
git ls-files '*_test.go' | xargs grep -l '^func Fuzz' | while read -r file; do
	dir=$(dirname "$file")
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | while read -r target; do
		echo "fuzzing $dir $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "./$dir"
	done
done
