#!/bin/sh
# The layering that include paths cannot enforce, and what must not be in the tree at all.
. t/lint/lib
sources() { files '\.[ch]$' | grep -E "$1"; }

sources '^src/' | grep -vE '^src/(os|fuse)/' | search '^ *# *include *<(linux|sys)/' |
	none "Linux's own headers only in os and fuse"
sources '.' | search '^ *# *include *["<][^">]*\.\./' | none "no include goes up with ../"
sources '.' | search '^ *# *include *["<]src/' | none "no include starts at the root"
sources '^src/' | while read -r f; do
	dir=${f%/*}
	case $dir in */include/*) ;; *) grep -nE '^ *# *include *"[^"]*/' "$f" /dev/null ;; esac
done | none "a quoted include is a file of the same folder"
sources '^src/' | search '(^|[^A-Za-z_0-9.>"])(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|system|tmpnam|mktemp)\(' |
	grep -vE ':[0-9]+:\s*(\*|/\*|//)' | none "no banned function"
sources '^src/' | search '\b(setjmp|longjmp)\b' | grep -v ':[0-9]*:\s*\*' | none "no setjmp"
sources '^src/' | grep -vE '^src/(base|os|fuse)/' | search '#include <errno\.h>' | none "errno is for base, os and fuse"
files '.' | grep -v '^t/lint/' | search -I '(TODO|FIXME|XXX)\b' | grep -v 'X\{4\}' | none "nothing left to do"
files '.' | search -I '/(work|home|root)/(main|wt|[a-z]+/(src|git))/' | grep -v '^t/lint/' | none "no path of somebody's machine"
while read -r f; do [ "$(stat -c %s "$f")" -le 1048576 ] || echo "$f"; done <"$TMPDIR/files" | none "no file over 1 MB"
files '(\.(c|h|t|md|rc|sh|awk|build|[1-8])|/run|^check|^demo)$' | search '[[:blank:]]$' | none "no blank at the end of a line"
sources '.' | search '^ {8}' | none "C is indented with tabs"
files '\.(t|sh)$|^(check|demo)$|^(\.ci|bench|fuzz|t)/[a-z]+$|^bench/' | while read -r f; do
	head -1 "$f" | grep -q '^#!/bin/sh' && { sh -n "$f" 2>&1 || echo "$f"; }
done | none "scripts parse"
files '\.t$|^(check|demo)$' | while read -r f; do
	head -1 "$f" | grep -q '^#!' && [ ! -x "$f" ] && echo "$f"
done | none "scripts are executable"
plan
