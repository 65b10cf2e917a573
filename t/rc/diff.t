#!/bin/sh
# diff.t: every script of t/rc/corpus is run by our rc and by 9base's rc, in a folder with the same files; what they
# print and whether they succeed must be equal.  t/rc/different lists those where we differ on purpose, and why: they
# must differ, or the list is stale.
cd "$(dirname "$0")/../.." || exit 2
peer=${RC_PEER:-/usr/lib/plan9/bin/rc} list=${RC_DIFFERENT:-t/rc/different}
bin=$(cd "${BUILD:-build}" && pwd)/bin
[ -x "$bin/ants" ] && bin=$bin/ants || bin=$bin/anthill
list=$PWD/$list
if [ ! -x "$peer" ]; then
	echo "1..0 # SKIP no $peer (Debian's package 9base)"
	exit 0
fi
tmp=$(mktemp -d "${TMPDIR:-/tmp}/rcdiff.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
ln -s "$bin" "$tmp/rc"

mkdir -p "$tmp/model/dir"
for f in a.txt b.txt g1.txt g2.txt dir/file dir/fine dir/.hidden; do echo "$f" >"$tmp/model/$f"; done

# once SHELL SCRIPT OUT: runs it in a fresh folder
once() {
	rm -rf "$tmp/w"
	cp -r "$tmp/model" "$tmp/w"
	cp "$2" "$tmp/w/script.rc"
	( cd "$tmp/w" || exit 2
	env -i PATH=/usr/bin:/bin HOME=/ timeout 20 "$1" ./script.rc one two </dev/null 2>"$3.err" >"$3"
	[ $? = 0 ] && echo "[success]" >>"$3" || echo "[failure]" >>"$3" )
}

# reason NAME: why it is meant to differ, in $why
reason() {
	why=
	while read -r name text; do
		[ "$name" != "$1" ] || why=$text
	done <"$list"
}

n=0 bad=0
for s in "$PWD"/t/rc/corpus/*.rc; do
	n=$((n + 1))
	case=${s##*/} case=${case%.rc}
	once "$peer" "$s" "$tmp/theirs"
	once "$tmp/rc" "$s" "$tmp/ours"
	reason "$case"
	if cmp -s "$tmp/theirs" "$tmp/ours"; then
		[ -z "$why" ] && echo "ok $n - $case" && continue
		echo "not ok $n - $case: listed as different ($why), but equal"
	else
		[ -n "$why" ] && echo "ok $n - $case: different, as $why" && continue
		echo "not ok $n - $case"
		diff "$tmp/theirs" "$tmp/ours" | sed 's/^/# /'
		sed 's/^/# our stderr: /' "$tmp/ours.err"
		sed 's/^/# their stderr: /' "$tmp/theirs.err"
	fi
	bad=1
done
echo "1..$n"
exit $bad
