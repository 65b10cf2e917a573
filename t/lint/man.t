#!/bin/sh
# The manual: every command and device has a page, and every page is right mdoc with examples.
. t/lint/lib
names=$TMPDIR/names # every name that a page gives itself
grep -h '^\.Nm ' man/*/*.[1-8] | sed 's/^\.Nm //; s/ ,$//; s/"//g; s/\\&//g' | sort -u >"$names"
grep -h '^\.Nm anthill ' man/*/*.[1-8] | awk '{ print $3 }' >>"$names"

mandoc -Tlint -W warning man/*/*.[1-8] 2>&1 | none "mandoc has nothing to say"
grep -L '^\.Sh EXAMPLES' man/[1348]/*.[1-8] | none "every page of sections 1, 3, 4 and 8 has examples"
for f in man/*/*.[1-8]; do
	[ "${f##*.}" = "$(basename "$(dirname "$f")")" ] || echo "$f"
done | none "a page is in its section's folder"
{
	"$BUILD/bin/anthill" --help
	"$BUILD/bin/ants" --help
} | sed -n '/^commands:/,/^`man/s/^	//p' | tr ' ' '\n' | sort -u | while read -r c; do
	[ -z "$c" ] || grep -qxF -e "$c" -e "anthill $c" "$names" || echo "$c"
done | none "every command has a page"
sed -n "/^devices = \[/,/^\]/s/^  '\(.*\)',/\1/p" src/dev/meson.build | while read -r d; do
	[ -f "man/3/$d.3" ] || echo "man/3/$d.3"
done | none "every device has a page"
plan
