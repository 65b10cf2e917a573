#!/bin/sh
# Archives that nobody's vac would make, through unvac and vacfs, with little memory and time: they end in order or say what is
# wrong, and nothing is made or changed outside.  More seeds: SEEDS=1000 t/run build/plain t/sys/vachostile.t
if [ -z "$VAC_INSIDE" ]; then
	VAC_INSIDE=1 exec unshare -r -m --kill-child "$0"
fi
. t/tap
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
anthill=$BUILD/bin/anthill
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-hostile.XXXXXX") || exit 1
fs= pid=
trap 'kill $fs $pid 2>/dev/null; wait 2>/dev/null; cd /; umount -l "$dir/m" "$dir/tmp" 2>/dev/null; chmod -R u+rwx "$dir"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir m outside tmp
mount -t tmpfs -o size=200m,nr_inodes=30k,mode=777 tmpfs tmp || exit 1 # a full disk is soon there
venti=unix!$dir/v
export venti
"$anthill" venti/venti -s -a "$venti" -M 256m >venti.log 2>&1 & pid=$!
i=0
until grep -q serving venti.log || [ $i -ge 600 ]; do i=$((i + 1)); sleep 0.1; done
little() { # CMD..., in a subshell: with little memory, unless a sanitizer wants it all
	case $BUILD in *asan* | *tsan*) ;; *) ulimit -v 2000000 ;; esac
	exec timeout -k 5 "$@"
}
# one KIND SEED: what is wrong with how it went; status 124 is the time's end
one() {
	score=$("$BUILD/t/badvac" "$venti" "$1" "$2") || { echo "$1 $2: not made"; return; }
	mkdir tmp/o
	case $1 in
	wide) (cd tmp/o && little 1 "$anthill" unvac -t "$score") >list 2>err ;;
	*) (cd tmp/o && little 20 "$anthill" unvac -T "$score") >list 2>err ;;
	esac
	rc=$?
	[ "$1$rc" = wide124 ] || [ $rc -le 1 ] || echo "$1 $2: unvac ended with status $rc: $(tail -1 err | cut -c1-200)"
	[ $rc = 0 ] || [ "$rc" = 124 ] || [ -s err ] || echo "$1 $2: unvac failed and said nothing"
	chmod -R u+rwx tmp/o 2>/dev/null
	rm -rf tmp/o
	[ -z "$(ls -A outside)" ] || { echo "$1 $2: something is outside"; rm -rf outside/*; }
}
# through KIND SEED: the same by vacfs and Linux
through() {
	score=$("$BUILD/t/badvac" "$venti" "$1" "$2")
	rm -f 9
	little 60 "$anthill" vacfs -p -a "unix!$dir/9" "$score" 2>fs.log & fs=$!
	i=0
	while [ ! -e 9 ] && kill -0 $fs 2>/dev/null && [ $i -lt 600 ]; do i=$((i + 1)); sleep 0.05; done
	if [ ! -e 9 ]; then
		wait $fs
		rc=$?
		[ $rc = 1 ] && [ -s fs.log ] || echo "$1 $2: vacfs ended with status $rc"
		fs=
		return
	fi
	if "$anthill" mount "unix!$dir/9" m 2>err; then
		timeout -k 5 20 sh -c 'find m -maxdepth 6 | head -300; find m -maxdepth 2 -type f -size -1000k | head -30 | while read -r f; do head -c 3000 "$f"; done' >list 2>&1
		[ $? -le 1 ] || echo "$1 $2: looking around took too long"
		umount -l m
	else
		echo "$1 $2: mount: $(cat err)"
	fi
	kill -0 $fs 2>/dev/null || { wait $fs; echo "$1 $2: vacfs ended with status $?"; }
	kill $fs 2>/dev/null
	wait $fs 2>/dev/null
	fs=
}
kinds() { # CMD: each kind once, the mixed one for each seed
	for k in deep wide giant escape; do "$1" $k 1; done
	s=0
	while [ $s -lt "$2" ]; do s=$((s + 1)); "$1" mix $s; done
}
is "$(kinds one "${SEEDS:-6}")" "" "unvac"
is "$(kinds through "$((${SEEDS:-6} / 3))")" "" "vacfs"
is "$(ls -A outside; kill -0 $pid && echo alive)" alive "nothing is outside; the venti lives"
echo "1..$n"
