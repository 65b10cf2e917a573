#!/bin/sh
# /proc/N/ns is written: the name space of another process is changed, by whom that is allowed, or an error says why not.
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M
!
put box /tmp/setup <<'!'
#!/bin/rc
mkdir /tmp/a /tmp/b
echo in a >/tmp/a/f
chmod 755 /tmp /tmp/a /tmp/b
bind '#p' /proc
rc -c 'rfork n; sleep 1000 & echo -n $apid >/tmp/pid'
!
x box /tmp/setup || echo "# no setup"
pid=$(x box /bin/cat /tmp/pid)
# w TEXT: written as the ns of the process; the shell's status, and what echo says
w() { rc box "echo '$1' >/proc/$pid/ns" 2>&1; }
names() { x box /bin/sh -c "grep '/tmp/b$\|/n$' /proc/$pid/ns"; }
is "$(names)" "# tmpfs box /n" "before"
is "$(w 'bind /tmp/a /tmp/b')" "" "bind"
is "$(names)" "# tmpfs box /n
bind /tmp/a /tmp/b" "the process has it"
is "$(x box /bin/cat /.proc/"$pid"/root/tmp/b/f)" "in a" "and sees it"
is "$(x box /bin/ls /tmp/b)" "" "the writer has not"
is "$(w 'bind -bc /tmp/a /n')" "" "bind -bc"
is "$(names | grep /n)" "bind -bc /tmp/a /n" "a union"
is "$(w 'unmount /tmp/a /n')" "" "unmount new old"
is "$(w 'unmount /tmp/b')" "" "unmount old"
is "$(names)" "# tmpfs box /n" "all gone"
rc box 'ramfs -S ram'
is "$(w 'mount -c /srv/ram /n')" "" "mount -c"
is "$(names)" "mount -c /srv/ram /n" "the process has the 9P tree"
is "$(w 'unmount /n')" "" "unmount"

# errors
is "$(w 'bind /tmp/nonesuch /n')" "echo: write: file does not exist" "a name that is not there"
is "$(w 'frob /tmp/a /n')" "echo: write: line 1: 'frob': only bind and mount make a name space: bad arg in system call" \
	"a line of another kind"
is "$(w 'bind a /n')" "echo: write: 'a' is not an absolute path: bad arg in system call" "a name that is no path from the root"
is "$(w 'bind /tmp/a')" "echo: write: line 1: bind takes a name and a place: bad arg in system call" "too few words"
is "$(w 'unmount /n')" "echo: write: not mounted" "nothing is mounted there"
is "$(w 'bind /tmp/a/f /n')" "echo: write: inconsistent mount" "a file on a directory"
is "$(rc box "x='bind /tmp/a /tmp/b
bind /tmp/nonesuch /n'; echo \$x >/proc/$pid/ns" 2>&1)" "echo: write: file does not exist" "two lines of which the second fails"
is "$(names)" "# tmpfs box /n" "do nothing"
is "$(rc box "x='bind /tmp/a /tmp/b
bind /tmp/a /n'; echo \$x >/proc/$pid/ns" 2>&1)" "" "two lines that are right"
is "$(names)" "bind /tmp/a /tmp/b
bind /tmp/a /n" "are both done"
w 'unmount /n' && w 'unmount /tmp/b'
is "$(names)" "# tmpfs box /n" "as it was"

# a writer that is killed while the change waits for a server that says nothing
named() { x box /bin/sh -c 'for p in /.proc/[0-9]*; do read -r c <$p/comm && [ "$c" = '"$1"' ] && echo ${p#/.proc/}; done 2>&-'; }
sig() { x box /bin/sh -c "kill -$*"; } # SIGNAL PID...
silent=$(named ramfs)
w 'mount /srv/ram /tmp/b'
sig STOP $silent
rc box "echo bind /tmp/b/d /n >/proc/$pid/ns" >/dev/null 2>&1 &
writer=$!
helpers() { x box /bin/sh -c 'for p in /.proc/[0-9]*; do tr "\0" " " <$p/cmdline; echo; done 2>/dev/null' | grep -c "kernel -n $pid "; }
working() { [ "$(helpers)" = 1 ]; }
t "somebody works on it" later working
sig 9 $(named echo)
done_() { [ "$(helpers)" = 0 ] && [ -z "$(named echo)" ]; }
t "the writer is killed: nobody works on it any more" later done_
wait $writer
sig CONT $silent
is "$(w 'unmount /tmp/b')" "" "which can be changed again"
is "$(names)" "# tmpfs box /n" "and the name space is as it was"

# other users
if [ "$(x box /bin/sh -c 'awk "{ n += \$3 } END { print n }" /proc/self/uid_map' 2>/dev/null | tail -1)" -ge 65536 ] 2>/dev/null; then
	as() { # UID CMD...
		id=$1
		shift
		x box /usr/bin/setpriv --reuid "$id" --regid "$id" --clear-groups --no-new-privs "$@"
	}
	x box /bin/sh -c 'echo bob:x:1000:1000:bob:/usr/bob:/bin/rc >>/etc/passwd; chmod 1777 /tmp'
	for id in 1000 1001 65534; do
		is "$(as $id /bin/sh -c "echo bind /tmp/a /n >/proc/$pid/ns" 2>&1 | grep -o 'Permission denied')" \
			"Permission denied" "user $id may not write the host owner's"
	done
	as 1000 /usr/bin/unshare -Urm /bin/sh -c 'mount -t tmpfs tmpfs /mnt; echo $$ >/tmp/bobs; exec sleep 1000' &
	have() { x box /bin/sh -c 'grep -qx sleep /.proc/$(cat /tmp/bobs)/comm'; }
	t "bob has a name space" later have
	bobs=$(x box /bin/cat /tmp/bobs)
	mine() { x box /bin/sh -c "grep '/tmp/b$' /proc/$bobs/ns"; }
	for id in 1001 65534; do
		is "$(as $id /bin/sh -c "echo bind /tmp/a /tmp/b >/proc/$bobs/ns" 2>&1 | grep -o 'Permission denied')" \
			"Permission denied" "user $id may not write bob's"
	done
	is "$(as 1000 /bin/sh -c "echo bind /tmp/a /tmp/b >/proc/$bobs/ns" 2>&1)" "" "bob may"
	is "$(mine)" "bind /tmp/a /tmp/b" "and it is done"
	x box /bin/sh -c 'echo bind /tmp/b /n >/tmp/model; echo bind /tmp/a /tmp/b >>/tmp/model'
	is "$(as 1000 /bin/addns /tmp/model "$bobs" 2>&1)" "" "addns, which cannot enter it, does it by way of that file"
	is "$(x box /bin/sh -c "grep -c '^bind /tmp/b /n$' /proc/$bobs/ns")" 1 "the line that it had not"
	is "$(rc box "echo unmount /tmp/b >/proc/$bobs/ns" 2>&1)" "" "the host owner may"
	is "$(mine)" "" "and it is done"
	x box /bin/sh -c 'mkdir /tmp/hers; chmod 700 /tmp/hers; mkdir /tmp/hers/d'
	is "$(rc box "echo bind /tmp/hers/d /tmp/b >/proc/$bobs/ns" 2>&1)" "echo: write: '/tmp/hers/d' permission denied" \
		"but with bob's rights, not hers"
	# bob's process in the host owner's name space
	as 1000 /bin/sh -c 'echo $$ >/tmp/inhers; exec sleep 1000' &
	t "bob has a process in hers" later x box /bin/sh -c 'grep -qx sleep /.proc/$(cat /tmp/inhers)/comm'
	in=$(x box /bin/cat /tmp/inhers)
	is "$(as 1000 /bin/rc -c "echo bind /tmp/a /tmp/b >/proc/$in/ns" 2>&1)" "echo: write: open_tree: not owner" \
		"by way of that he does not change hers"
	is "$(rc box "echo bind /tmp/a /tmp/b >/proc/$in/ns" 2>&1)" "echo: write: open_tree: not owner" "nor does she"
	sig 9 "$bobs" "$in"
else
	n=$((n + 1))
	echo "ok $n - other users # SKIP the node has one id only"
fi
sig 9 "$pid"
later not x box /bin/test -e "/.proc/$pid"
is "$(w 'bind /tmp/a /n')" "rc -c:1: /proc/$pid/ns: file does not exist" "a process that has ended"
down
echo "1..$n"
