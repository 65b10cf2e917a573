#!/bin/sh
# Every rc script of 9front's and of ANTS's, where their trees are at hand ($PEERS/9front, $PEERS/plan9ants), must parse.
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${BUILD:-build}" && pwd)
peers=${PEERS:-/nowhere}
n=0 bad=0
# parse TREE LEAST: all that begins with #!/bin/rc, and profiles and what rc and init read, which do not
parse() {
	least=$2 found=0
	[ -d "$1" ] || return
	for f in $( (find "$1" -type f -exec grep -lIE '^#! */bin/rc' {} +
		find "$1" -type f \( -name profile -o -name 'rcmain*' -o -name termrc -o -name cpurc \)) | sort -u); do
		n=$((n + 1)) found=$((found + 1))
		if why=$("$build/bin/ants" rc -n "$f" 2>&1); then
			echo "ok $n - ${f#"$peers/"}"
		else
			echo "not ok $n - ${f#"$peers/"}: $why"
			bad=1
		fi
	done
	n=$((n + 1))
	if [ $found -ge "$least" ]; then
		echo "ok $n - $found scripts in ${1#"$peers/"}"
	else
		echo "not ok $n - only $found scripts in ${1#"$peers/"}"
		bad=1
	fi
}
parse "$peers/9front/rc" 200
parse "$peers/plan9ants" 80
if [ $n = 0 ]; then
	echo "1..0 # SKIP no 9front and no plan9ants in $peers"
	exit 0
fi
echo "1..$n"
exit $bad
