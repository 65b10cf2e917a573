#!/bin/sh
# diff.t: every script of t/rc/corpus is run by our rc and by 9base's rc, in a folder with the same files; what they
# print and whether they succeed must be equal.  t/rc/different lists those where we differ on purpose, and why: they
# must differ, or the list is stale.
cd "$(dirname "$0")/../.." || exit 2
peer=${NINEBASE_RC:-/usr/lib/plan9/bin/rc}
bin=$(cd "${BUILD:-build}" && pwd)/bin
[ -x "$bin/ants" ] && bin=$bin/ants || bin=$bin/anthill
here=$PWD/t/rc
if [ ! -x "$peer" ]; then
	echo "1..0 # SKIP no $peer (Debian's package 9base)"
	exit 0
fi
tmp=$(mktemp -d "${TMPDIR:-/tmp}/rcdiff.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
ln -s "$bin" "$tmp/rc"

# once SHELL SCRIPT OUT: runs it in a fresh folder
once() {
	rm -rf "$tmp/w"
	mkdir -p "$tmp/w/dir"
	( cd "$tmp/w" || exit 2
	for f in a.txt b.txt g1.txt g2.txt dir/file dir/fine dir/.hidden; do echo "$f" >"$f"; done
	cp "$2" ./script.rc
	env -i PATH=/usr/bin:/bin HOME=/ timeout 20 "$1" ./script.rc one two </dev/null 2>"$3.err" >"$3"
	[ $? = 0 ] && echo "[success]" >>"$3" || echo "[failure]" >>"$3" )
}

n=0 bad=0
for s in "$here"/corpus/*.rc; do
	n=$((n + 1))
	name=$(basename "$s" .rc)
	once "$peer" "$s" "$tmp/theirs"
	once "$tmp/rc" "$s" "$tmp/ours"
	why=$(sed -n "s/^$name  *//p" "$here/different")
	if cmp -s "$tmp/theirs" "$tmp/ours"; then
		[ -z "$why" ] && echo "ok $n - $name" && continue
		echo "not ok $n - $name: listed as different ($why), but equal"
	else
		[ -n "$why" ] && echo "ok $n - $name: different, as $why" && continue
		echo "not ok $n - $name"
		diff "$tmp/theirs" "$tmp/ours" | sed 's/^/# /'
		sed 's/^/# our stderr: /' "$tmp/ours.err"
		sed 's/^/# their stderr: /' "$tmp/theirs.err"
	fi
	bad=1
done
echo "1..$n"
exit $bad
