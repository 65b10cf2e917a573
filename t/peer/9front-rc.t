#!/bin/sh
# Every rc script of 9front's, where its tree is at hand ($PEERS/9front), must parse.
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${BUILD:-build}" && pwd)
peer=${PEERS:-/nowhere}/9front
if [ ! -d "$peer/rc/bin" ]; then
	echo "1..0 # SKIP no 9front in $PEERS"
	exit 0
fi
n=0 bad=0
for f in $(find "$peer/rc/bin" -type f -exec grep -lI '^#! */bin/rc' {} + | sort); do
	n=$((n + 1))
	if why=$("$build/bin/ants" rc -n "$f" 2>&1); then
		echo "ok $n - ${f#"$peer/"}"
	else
		echo "not ok $n - ${f#"$peer/"}: $why"
		bad=1
	fi
done
[ $n -ge 100 ] || { n=$((n + 1)); echo "not ok $n - 9front has more rc scripts than that"; bad=1; }
echo "1..$n"
exit $bad
