#!/bin/sh
# 200 calls from one node to another's listen1, all open at the same time, each answered by a program of its own.
. t/sys/lib
up <<!
segment=lan
node=box ether0=lan
node=other ether0=lan
!
for i in box:1 other:2; do
	rc "${i%:*}" "bind -b '#l0' /net; bind -b '#I0' /net; ip/ipconfig ether /net/ether0 add 10.0.0.${i#*:} /24"
done
put box /tmp/answer <<'!'
echo $$
read -r x
echo "answer $x"
!
x box /bin/rc -c 'aux/listen1 -t tcp!*!2500 /bin/sh /tmp/answer' & l=$!
later x box /bin/sh -c 'grep -q ^Listen /net/tcp/*/status'
put other /tmp/crowd <<'!'
cd /tmp && mkfifo gate || exit 1
i=0
while [ $i -lt 200 ]; do
	{ read go; echo "call$i"; } <gate | /bin/telnet tcp!10.0.0.1!2500 >out.$i &
	calls="$calls $!"
	i=$((i + 1))
done
exec 9<>gate
i=0
until [ "$(cat out.* | wc -l)" -ge 200 ] || [ $i -gt 1200 ]; do i=$((i + 1)); sleep 0.05; done
echo pids $(cat out.* | tr -d '\r' | grep '^[0-9]*$' | sort -u | wc -l)
i=0
while [ $i -lt 200 ]; do echo go; i=$((i + 1)); done >&9
for p in $calls; do wait $p; done
echo answers $(cat out.* | tr -d '\r' | grep '^answer call' | sort -u | wc -l)
!
x other /bin/sh /tmp/crowd >said 2>&1
is "$(grep -v '^answers' said)" "pids 200" "200 calls are open at once, each with a program of its own"
is "$(grep '^answers' said)" "answers 200" "and each gets its own answer"
is "$(x box /usr/bin/ps -e -o stat=,comm= | grep -c '^Z.*sh')" 0 "no program is left unreaped"
is "$(x box /bin/sh -c "ls /.proc/$(kernel box)/fd | wc -l | xargs test 64 -gt && echo few")" few "the kernel process has given their descriptors back"
kill $l
down
echo "1..$n"
