#!/bin/sh
# What a node's root can not do: read this user's files, see the host's processes, touch another node; and the end of a
# grid's supervisor is the end of everything in it.
. t/sys/lib
umask 077
echo secret >secret
chmod 600 secret
umask 022
up <<!
segment=lan
node=box ether0=lan
node=other ether0=lan
!
is "$(x box /usr/bin/id -u)" 0 "root in the node"
is "$(x box /bin/cat "$dir/secret" 2>&1 | grep -c secret\$)" 0 "a file of the host's"
put box /tmp/ways <<'!'
# every way out that a process of the node holds: roots, directories, descriptors
for p in /.proc/[0-9]*; do
	for d in $p/root $p/cwd $p/fd/*; do
		for up in "" /.. /../.. /../../..; do
			timeout 5 cat "$d$up/$1" 2>/dev/null
			timeout 5 cat "$d$up/${1##*/}" 2>/dev/null
		done
	done
done
!
is "$(x box /bin/sh /tmp/ways "$dir/secret" </dev/null)" "" "is behind no descriptor of any process"
is "$(x box /bin/sh -c 'head -c 1 /.etc/shadow /etc/shadow 2>/dev/null')" "" "nor is the host's shadow readable"
is "$(x box /bin/sh -c 'grep -lz contai[n].t /.proc/[0-9]*/cmdline; for p in /.proc/[0-9]*; do [ "${p#/.proc/}" -lt 2000 ] || echo $p; done' 2>/dev/null |
	grep -c .)" 0 "the host's processes are not seen"
is "$(x box /bin/sh -c 'mknod /tmp/disk b 8 0 2>&1 && echo made; echo x 2>&- >/proc/sysrq-trigger && echo rq; echo x 2>&- >/proc/sys/kernel/core_pattern && echo core; head -c 1 /proc/kcore 2>&-' |
	grep -v 'not permitted')" "" "no device nodes, no kernel settings"
put box /tmp/rewrite <<'!'
for d in /usr/share /usr/bin /.etc /boot /.dev; do
	/usr/bin/mount -o remount,rw,bind $d 2>/dev/null && echo "$d was remounted"
	touch $d/anthill-test 2>/dev/null && echo "$d was written to"
done
!
is "$(x box /bin/sh /tmp/rewrite 2>&1)" "" "the host's files, the programs and the device nodes cannot be made writable"
is "$(x box /bin/sh -c 'echo x >/.dev/null && head -c 1 /dev/zero | wc -c')" 1 "devices work"
is "$(a run -g "$g" -s lan -a none -- sh -c 'mount -o remount,rw,bind / 2>/dev/null; touch /usr/anthill-test /tmp/x 2>&1' | sed 's/.*: //')" "Read-only file system" "nor by a program of run"

nets() { x "$1" /bin/sh -c 'for p in /.proc/[0-9]*; do readlink $p/ns/net; readlink $p/fd/*; done' | grep '^net:' | sort -u; }
nets box >nets.box
nets other >nets.other
is "$([ -s nets.box ] && [ -s nets.other ] && comm -12 nets.box nets.other)" "" "two nodes hold no net name space in common"
is "$(grep -cF "$(readlink /proc/self/ns/net)" nets.box)" 0 "nor the host's"
init=$(a grid ps "$g" | awk '$2 == "other" { print $5 }')
x other /bin/sleep 1000 & s=$!
later x other /bin/sh -c 'grep -qs sleep /.proc/[0-9]*/comm'
x box /bin/sh -c 'mkdir /tmp/m && /usr/bin/mount -t tmpfs -o size=1m mine /tmp/m && echo x >/tmp/m/x && /usr/bin/mount -t tmpfs mine /mnt'
is "$(x other /bin/sh -c 'grep -c mine /proc/self/mountinfo')" 0 "a mount in one is not in the other"
x box /bin/sh -c 'kill -9 -1' 2>/dev/null
later loghas box 'is back'
is "$(x other /bin/sh -c 'grep -lx sleep /.proc/[0-9]*/comm | wc -l')" 1 "kill -9 -1 in one leaves the other's programs alone"
is "$(a grid ps "$g" | awk '{ print $2, $4 }')" "$(printf 'box up\nother up')" "and both nodes up"
is "$(a grid ps "$g" | awk '$2 == "other" { print $5 }')" "$init" "with the same init"
is "$(x box /bin/sh -c 'ls /#/c/user')" "/#/c/user" "and the kernel process of the first was replaced"
kill $s

# the supervisor, and then the process outside of it
people
is "$([ "$(grep -c . people)" -ge 6 ] && grep -q net nets && echo found)" found "the grid's processes and net name spaces were found"
sup() { # N: the Nth process of the grid
	for p in $(sort -n pids); do [ "$(cat "/proc/$p/comm")" = "$1" ] && echo "$p"; done | head -1
}
kill -9 "$(sup grid-outside)"
later gone
is "$(left)" "" "kill -9 of the process outside leaves nothing"
cp net.grid again
up <again
people
set -- $(cat pids)
for p; do case $(cat "/proc/$p/comm") in grid-*) ;; *) grep -q "^NSpid:[[:space:]]*[0-9]*[[:space:]][[:space:]]*1\$" "/proc/$p/status" && kill -9 "$p" ;; esac; done
later gone
is "$(left)" "" "kill -9 of the supervisor leaves nothing"
echo "1..$n"
