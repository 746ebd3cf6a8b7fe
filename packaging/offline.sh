#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Proves that the pages name no other host: everything is served by the box.
set -eu
if grep -rnE '(https?:)?//[a-zA-Z0-9]' ui/pages | grep -v 'SPDX'; then
	echo "a page names another host" >&2
	exit 1
fi
