#!/bin/sh
# What other users may not do on the host owner's node: bob (1000) and none (65534) are ordinary Linux users in it, where
# the node has more than one id.
. t/sys/lib
up -d 4 <<!
segment=lan
node=box ether0=lan mem=64M
!
if [ "$(x box /bin/sh -c 'wc -l </proc/self/uid_map; awk "{ n += \$3 } END { print n }" /proc/self/uid_map' 2>/dev/null | tail -1)" -lt 65536 ] 2>/dev/null; then
	echo "1..0 # SKIP the node has one id only: it has no other users"
	exit 0
fi
# as NAME CMD...: in the node
as() {
	case $1 in bob) id=1000 ;; *) id=65534 ;; esac
	shift
	x box /usr/bin/setpriv --reuid $id --regid $id --clear-groups --no-new-privs "$@"
}
x box /bin/sh -c 'echo bob:x:1000:1000:bob:/usr/bob:/bin/rc >>/etc/passwd; chmod 755 /tmp /n /mnt; chmod 1777 /tmp' || echo "# no bob"
is "$(as bob /bin/cat /#/c/user) $(as none /bin/cat /#/c/user)" "bob none" "two other users"

# a 9P tree and a union that glenda has mounted
rc box 'ramfs -S ram; mount -c /srv/ram /n; echo secret >/n/f; chmod 600 /n/f; mkdir /tmp/u; bind -b /tmp/u /mnt; echo in union >/tmp/u/f'
is "$(x box /bin/cat /n/f)" secret "glenda's 9P tree"
m=$(x box /bin/sh -c "sed -n 's/^mount \\([0-9]*\\).*/\\1/p' /#/M/list")
for who in bob none; do
	is "$(as $who /bin/cat "/#/M/$m/f" 2>&1 | grep -c secret)" 0 "$who does not reach it by number"
	is "$(as $who /bin/ls "/#/M/$m" 2>&1 | grep -cx f)" 0 "nor lists it"
	is "$(as $who /usr/bin/stat "/#/M/$m" 2>&1 | grep -c Inode)" 0 "nor looks at it"
	is "$(as $who /bin/sh -c "echo x >/#/M/$m/new" 2>/dev/null; x box /bin/ls /n | grep -c new)" 0 "nor writes in it"
done
is "$(x box /bin/cat "/#/M/$m/f" /n/f)" "$(printf 'secret\nsecret')" "the mounts of others have not gone by that"
is "$(as bob /bin/cat /mnt/f)" "in union" "where it is mounted a union is everybody's"
echo "1..$n"
