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
is "$(rc box "mount -N /srv/ram /n; ns | sed -n '/ram/p'; echo x >/n/byn; chmod 600 /n/byn; cat /n/byn; unmount /n
	mount -n /srv/ram /n; cat /n/byn >[2=1]; rm /n/byn; unmount /n" 2>&1 | sed 's/.*: //')" \
	"mount -N /srv/ram /n
x
permission denied" "-N: as none, whose file is another's; -n"

# srv(4): the rest is in t/sys/srv.t
is "$(rc box "srv -s 0 -e 'ramfs -i' sent >[2]/tmp/err; cat /tmp/err; srv -Nbc -e 'ramfs -i' nobody /n >[2]/dev/null; ns | sed -n '/nobody/p'; echo x >/n/x; chmod 600 /n/x; unmount /n
	mount /srv/nobody /n; cat /n/x >[2=1]; unmount /n; rm /srv/sent /srv/nobody" 2>&1 | sed 's/.*: //')" "post...
mount -bcN /srv/nobody /n
permission denied" "srv -s, -N, -b"

# ramfs(4), mntgen(4)
is "$(rc box "ramfs -S mem; mount /srv/mem /n; ls -ld /n | sed 's/ .*//'; echo x >/n/x; unmount /n; mount /srv/mem /n; cat /n/x; unmount /n" 2>&1)" \
	"d-rwxrwxrwx
x" "ramfs -S: a tree for several mounts, open to all"
is "$(rc box "ramfs; ramfs -bp -m /n; ns | sed -n '/^mount/s/.fd[^ ]*/X/p'; echo x >/tmp/x && ls /tmp; unmount /tmp; unmount /n" 2>&1)" "mount -c X /tmp
mount -b X /n
/tmp/x" "ramfs mounts itself on /tmp, -b and -m elsewhere"
is "$(rc box 'ramfs -s; ls /srv/ramfs; rm /srv/ramfs; ramfs -u -S big; ls /srv/big; rm /srv/big /srv/mem')" "/srv/ramfs
/srv/big" "ramfs -s, -u"
is "$(rc box 'ramfs -D -S tell >[2]/tmp/trace; mount /srv/tell /n; unmount /n; rm /srv/tell; sed 1q /tmp/trace' | sed 's/ .*//')" "Tversion" "ramfs -D"
is "$(rc box "mount /srv/ram /n; echo x >/n/x; unmount /n; mkdir /n/old; mntgen; ls /n; ls /n/any; ls /n; mount /srv/ram /n/ram; ls /n/ram
	mkdir /n/any >[2=1]; ns | sed -n '/^mount -a/s/.fd[^ ]*/X/p'; unmount /n/ram; unmount /n; ls /n" 2>&1 | sed 's/mkdir.*/no mkdir/')" "/n/old
/n/any
/n/old
/n/ram/x
no mkdir
mount -a X /n
/n/old" "mntgen: every name is there, after what was"
is "$(rc box 'mntgen -s gen /tmp; ls /tmp/here; mount /srv/gen /n; ls /n/here; unmount /n; unmount /tmp; rm /srv/gen; rm /n/old; mntgen a b >[2=1]' 2>&1)" \
	"usage: mntgen [-Di] [-a addr] [-s srvname] [mountpoint]" "mntgen -s"

# exportfs(4): -S; the rest is in t/sys/srv.t
is "$(rc box "ramfs -S exp; mount /srv/exp /n; echo hi >/n/f; echo x >/n/k.pgp; unmount /n; srv -e 'exportfs -S /srv/exp' ex >[2]/dev/null
	mount /srv/ex /n; ls /n; cat /n/f; echo new >/n/g; unmount /n; mount /srv/exp /n; cat /n/g; unmount /n" 2>&1)" "/n/f
/n/k.pgp
hi
new" "exportfs -S: what another server serves"
is "$(rc box 'mount /srv/ex /n nosuch' 2>&1)" "mount: ramfs: unknown tree 'nosuch'" "with the tree that an attach asks for"
is "$(rc box "echo '- [.]pgp$' >/tmp/pat; srv -e 'exportfs -R -P /tmp/pat -S /srv/exp' ex2 >[2]/dev/null; mount /srv/ex2 /n; ls /n; rm /n/f >[2=1]; unmount /n" 2>&1)" \
	"/n/f
/n/g
rm: /n/f: read only file system" "with -R and -P"
is "$(rc box 'exportfs -S /srv/none; exportfs; exportfs -S x -s y' 2>&1 | sed 1q)" "exportfs: /srv/none: file does not exist" "what is not there"
is "$(rc box 'rm /srv/ex /srv/ex2 /srv/exp; ls /srv/clone')" "/srv/clone" "gone"

# root(3), dup(3), env(3)
is "$(rc box "bind '#/' /n; ls /n; unmount /n; bind '#/' /tmp; mkdir /tmp/x >[2=1]; unmount /tmp" | sed 's/mkdir.*:/no/' | tr '\n' ' ')" \
	"/n/bin /n/boot /n/dev /n/env /n/fd /n/mnt /n/n /n/net /n/net.alt /n/proc /n/rc /n/root /n/srv no permission denied " "root(3)"
is "$(rc box "cat /fd/3ctl <[3]/lib/ndb/local | sed 's/  */ /g'; ls -l /fd/0 | sed 's/ .*//'; echo x >/fd/1; cat /fd/9 >[2=1]" </dev/null | sed 's/.*: //')" " 3 r /lib/ndb/local
--r--------
x
file does not exist" "dup(3)"
is "$(rc box "fn f { echo \$x }; x=(a b); y=(); cat /env/fn'#'f; xd -1c /env/x | sed 1q; ls /env/y; rm /env/x; @{rfork e; z=1; ls /env/z}; ls /env/z; @{rfork E; ls /env}
	mkdir /env/d; mv /env/y /env/w; for(i in 1 2 3) x=\$i; cat /env/x" 2>&1 | tr '\t' ' ')" "fn f {
 echo \$x
}
0000000   a \\0  b \\0
/env/y
/env/z
ls: /env/z: file does not exist
mkdir: can't create /env/d: permission denied
mv: can't move /env/y to /env/w: permission denied
3" "env(3)"

# cons(3): the rest is in t/unit/kern.c
is "$(rc box 'echo told >/dev/cons; cat /dev/kmesg | sed -n /^told/p')" told "kmesg has what was written to the console"
is "$(rc box '{ read </dev/kprint >/tmp/k } & while(! test -s /tmp/k) echo tick >/dev/cons; wait; cat /tmp/k')" tick "kprint has what is written from now on"
is "$(rc box 'mkdir /tmp/empty; a=`{cat /dev/pgrpid}; b=`{cat /dev/pgrpid}; c=`{rfork n; cat /dev/pgrpid}; ~ $a $b && ! ~ $a $c && echo yes')" \
	yes "pgrpid is the name space's"
is "$(rc box 'sysname; echo; echo -n gnot >/dev/sysname; cat /dev/sysname; hostname; echo -n box >/dev/sysname' | tr '\n' ' ')" "box  gnotgnot " "sysname"
is "$(rc box '@{echo -n kremvax >/dev/hostdomain; cat /dev/hostdomain}; {dd -bs 3 -count 1; dd -bs 100} </dev/hostdomain >[2]/dev/null')" \
	kremvaxkremvax "hostdomain, read in pieces"
echo "1..$n"
