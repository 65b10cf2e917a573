#!/bin/sh
# kernel-headers.sh DIR CC...: make DIR hold links to the kernel's header folders and to nothing else
set -e
dir=$1
shift
mkdir -p "$dir"
for h in linux asm asm-generic; do
	file=$(echo "#include <$h/errno.h>" | "$@" -E - | sed -n 's/^# [0-9]* "\(.*\)\/errno\.h".*/\1/p' | grep "/$h\$" | head -1)
	[ -n "$file" ] || { echo "no kernel headers <$h/...>: install linux-libc-dev" >&2; exit 1; }
	ln -sfn "$file" "$dir/$h"
done
