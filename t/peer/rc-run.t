#!/bin/sh
# 9front's 9fs, rimport, rexport and rcpu ($PEERS/9front), run by our rc up to the programs that they call: those are
# stand-ins that print how they were called.
cd "$(dirname "$0")/../.." || exit 2
rc="$(cd "${BUILD:-build}" && pwd)/bin/ants rc"
src=${PEERS:-/nowhere}/9front/rc/bin
if [ ! -f "$src/rcpu" ]; then
	echo "1..0 # SKIP no 9front in $PEERS"
	exit 0
fi
tmp=$(mktemp -d "${TMPDIR:-/tmp}/rc-run.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
mkdir "$tmp/bin" "$tmp/env"
for p in srv mount unmount bind dossrv vacfs; do
	printf '#!/bin/sh\necho %s "$@"\n' $p >"$tmp/bin/$p"
done
# stands for the connection: says what is asked of the far side
cat >"$tmp/bin/rconnect" <<'S'
#!/bin/sh
[ "$1" != -u ] || { echo user "$2"; shift 2; }
echo connect "$1" "$2" | sed 's,/dev/fd/[0-9]*,FD,; s,[^ ]*/env/,ENV/,'
cat "$2" >"$FAR"
S
chmod +x "$tmp/bin"/*
for f in 9fs rimport rexport rcpu; do
	sed "s,/env/,$tmp/env/,g; s,/bin/rconnect,$tmp/bin/rconnect,g" "$src/$f" >"$tmp/$f"
done
printf '#!/bin/sh\nexec %s %s "$@"\n' "$rc" "$tmp/9fs" >"$tmp/bin/9fs"
chmod +x "$tmp/bin/9fs"
FAR=$tmp/far PATH=$tmp/bin:/usr/bin:/bin
export FAR PATH
n=0 bad=0
is() { # GOT WANT WHAT
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		printf '%s\n' "$1" | sed 's/^/# got  /'
		printf '%s\n' "$2" | sed 's/^/# want /'
		bad=1
	fi
}
run() { # SCRIPT ARG...: what it prints, its status if that is a failure
	s=$1
	shift
	rm -f "$FAR"
	timeout 60 $rc "$tmp/$s" "$@" 2>&1 </dev/null || echo "failed"
}
is "$(run 9fs dump)" "mount -C /srv/boot /n/dump dump" "9fs dump"
is "$(run 9fs 9front)" "srv -m tcp!9front.org!9000
bind /n/9front.org!9000/9front /n/9front
bind /n/9front.org!9000/fqa /n/fqa
bind /n/9front.org!9000/iso /n/iso
bind /n/9front.org!9000/lists /n/lists
bind /n/9front.org!9000/sites /n/sites
srv -m tcp!plan9.stanleylieber.com!9000
bind /n/plan9.stanleylieber.com!9000/extra /n/extra" "9fs 9front, which calls itself"
is "$(run 9fs box /n/here)" "srv -m box box /n/here" "9fs host mountpoint"
is "$(run 9fs none.vac)" "$tmp/9fs: none.vac: no such score file
failed" "9fs of a venti archive"
is "$(run 9fs)" "usage: 9fs service [mountpoint]
failed" "9fs usage"
is "$(run rimport -a -u bob box /a/tree /mnt)" "user bob
connect box FD" "rimport passes flags on"
is "$(run rimport box '/a tree' /mnt)" "connect box FD" "rimport"
is "$(cat "$FAR")" "tree='/a tree'
exec /bin/exportfs -r \$tree" "and what the far side is to run"
is "$(run rexport /tree box ls -l)" "connect box FD" "rexport"
is "$(cat "$FAR"; $rc -n "$FAR" && echo parses)" "sname=()
mtpt=()
mopt=()
cmd=(ls -l)
$(sed -n '/^fn domount/,/^}/p' "$tmp/rexport" >"$tmp/fn"; $rc -c ". $tmp/fn; whatis domount")
domount
parses" "and its text, with a function in it"
is "$(run rcpu -h box -c echo 'a b')" "connect box ENV/rscript" "rcpu"
is "$(sed '/^fn server/,$d' "$FAR"; tail -1 "$FAR"; $rc -n "$FAR" && echo parses)" "dir=$PWD
cmd=(echo 'a b')
server
parses" "and its text"
is "$(run rcpu -q 2>&1 | sed 's,[^ ]*/rcpu,rcpu,; s/ \[.*//')" "usage: rcpu
failed" "rcpu usage"
echo "1..$n"
exit $bad
