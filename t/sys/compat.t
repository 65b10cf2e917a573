#!/bin/sh
# What doc/compat.md says of srv(3), srv(4), exportfs(4), ramfs(4), mntgen(4) and mount in a node, row by row.
. t/sys/lib
up <<!
node=box
!

# srv(3)
is "$(rc box 'echo hello | {echo -n 0 >/srv/pip; read </srv/pip; rm /srv/pip}')" hello "a posted pipe, opened, is that pipe"
is "$(rc box '<>[5]/srv/clone {echo 5 >/srv/x >[2]/dev/null}; ls /srv; rm /srv/x')" "/srv/clone
/srv/x" "a file of a mounted server cannot be posted"
rc box 'ramfs -S ram; ramfs -S spare'
is "$(rc box '@{echo 0 >/srv/ram} >[2=1]' | sed 's/.*: //')" "file already exists" "a name is posted once"
is "$(rc box 'mv /srv/spare /srv/clone >[2=1]' | sed 's/.*: //')" "permission denied" "nor that of clone"
is "$(rc box 'mv /srv/spare /srv/other && chmod 640 /srv/other && ls -l /srv/other' | cut -c1-11)" "--rw-r-----" "mv and chmod"
is "$(rc box 'mount /srv/other /n && rm /srv/other && echo kept >/n/f && cat /n/f; ls /srv; unmount /n')" "kept
/srv/clone
/srv/ram" "rm takes the name, not the mount"
is "$(rc box '@{cat /srv/none} >[2=1]; mkdir /srv/d >[2=1]; rm /srv/clone >[2=1]' | sed 's/.*: //')" "file does not exist
permission denied
permission denied" "what is refused"
is "$(rc box "ls '#z'")" "'#z/clone'
'#z/ram'" "#z has what is posted in #s"
is "$(rc box '</srv/clone { id=`{read}; test -d /srv/$id && echo dir; ls /srv/$id | sed s/$id/N/
	@{ rfork n; bind -c /srv/$id /srv; ramfs -S mine; ls /srv; mount /srv/mine /n; echo x >/n/x; ls /n }
	mount /srv/$id/mine /tmp; cat /tmp/x; unmount /tmp; test -f /srv/mine && echo seen; no=`{rm /srv/$id >[2=1]}; echo $no(3-) }
	ls /srv')" "dir
/srv/N/clone
/srv/clone
/srv/mine
/n/x
x
permission denied
/srv/clone
/srv/ram" "clone: a /srv of its own, gone when clone is closed"
is "$(rc box '</srv/clone { id=`{read}; @{</srv/$id/clone { deep=`{read}; ramfs -S $id/$deep/x; mount /srv/$id/$deep/x /n && echo x >/n/x && ls /n; unmount /n }} }' 2>&1)" \
	/n/x "a directory in a directory"

# mount
is "$(rc box '{ramfs -i <[0=1] &} | mount -n /fd/0 /n; echo x >/n/x; ls /n; ns | sed -n /^mount/p; unmount /n')" "/n/x
mount /fd/0 /n" "mount -n /fd/0: what a descriptor is"
is "$(rc box '<>[7]/srv/ram mount /fd/7 /n && echo x >/n/x && ls /n; unmount /n')" /n/x "an open file of /srv"
is "$(rc box '<>[7]/srv/ram mount /dev/fd/7 /n && ls /n; unmount /n')" /n/x "by its other name"
is "$(rc box "mount '#s/ram' /n && ls /n; unmount /n; mount '#z/ram' /n; ls /n; unmount '#z/ram' /n; ls -d /n/x >[2]/dev/null")" "/n/x
/n/x" "#s and #z names"
is "$(rc box 'mount /srv/none /n >[2=1]; mount /srv/ram /none >[2=1]; mount /n /tmp >[2=1]; mount /srv/ram /n a b >[2=1]')" \
	"mount: '/srv/none' file does not exist
mount: '/none' file does not exist
mount: '/n' file is a directory
usage: mount [-b|-a|-c|-bc|-ac] [-CnNq] /srv/service dir [spec]" "what is refused"

# cons(3): the rest is in t/unit/kern.c
is "$(rc box 'echo told >/dev/cons; cat /dev/kmesg | sed -n /^told/p')" told "kmesg has what was written to the console"
is "$(rc box '{ read </dev/kprint >/tmp/k } & while(! test -s /tmp/k) echo tick >/dev/cons; wait; cat /tmp/k')" tick "kprint has what is written from now on"
is "$(rc box 'mkdir /tmp/empty; a=`{cat /dev/pgrpid}; b=`{cat /dev/pgrpid}; c=`{rfork n; cat /dev/pgrpid}; ~ $a $b && ! ~ $a $c && echo yes')" \
	yes "pgrpid is the name space's"
is "$(rc box 'sysname; echo; echo -n gnot >/dev/sysname; cat /dev/sysname; hostname; echo -n box >/dev/sysname' | tr '\n' ' ')" "box  gnotgnot " "sysname"
is "$(rc box '@{echo -n kremvax >/dev/hostdomain; cat /dev/hostdomain}; {dd -bs 3 -count 1; dd -bs 100} </dev/hostdomain >[2]/dev/null')" \
	kremvaxkremvax "hostdomain, read in pieces"
echo "1..$n"
