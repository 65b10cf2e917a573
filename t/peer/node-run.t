#!/bin/sh
# ANTS's plan9rc, ramskel, initskel, save9cfg and namespace files, and 9front's 9fs and rimport, as they are, in a node, up
# to the services that do not exist yet.  For rimport's connection there is a stand-in, which runs the far side here.
ants=${PEERS:-/nowhere}/plan9ants front=${PEERS:-/nowhere}/9front
if [ ! -f "$ants/bootdir.extras/plan9rc" ] || [ ! -f "$front/rc/bin/rimport" ]; then
	echo "1..0 # SKIP no plan9ants and 9front in $PEERS"
	exit 0
fi
. t/sys/lib
up -d 8 <<!
segment=lan
node=box ether0=lan mem=64M service=cpu bootargs=noroot interactive=no
!
x box /bin/sh -c 'mkdir /run/boot'
tar -C "$ants/bootdir.extras" -cf - plan9rc ramskel initskel save9cfg skel.tar namespace.standard | x box /bin/sh -c 'cd /run/boot && /usr/bin/tar xf - --no-same-owner'
x box /bin/sh -c 'cat >/run/boot/namespace; chmod 755 /run/boot/*' <"$ants/root/lib/namespace"
put box /run/go <<'!'
rfork n
exportfs -S bootpaq -r /run/boot
bind -a /run/boot /boot
bind -a /boot /bin
rootdir=/root
rc /boot/plan9rc
!
x box /bin/sh -c '/bin/rc /run/go >/run/log 2>&1 </dev/null'
log=$(x box /bin/cat /run/log)
has() { like "$log" "$1" "$2"; }
has '^/boot/plan9rc:[0-9]*: factotum: file does not exist$' "plan9rc: stops at factotum, and goes on"
has '^ramfs -S ramboot\.\.\.' "ramskel: its ramfs"
has '/bin/ramskel:[0-9]*: dossrv: file does not exist' "its dossrv is not there"
has '^partial root built$' "it ends"
has '^no standard root fs attached$' "plan9rc: no root, as it was told"
has '^INITSKEL minimal setup' "newns with ANTS's namespace starts initskel"
has 'binddevs\.\.\.mntgen\.\.\.ipconfig' "initskel: devices, mntgen"
has 'initskel:[0-9]*: hub: file does not exist' "its hub is not there"
has 'initskel:[0-9]*: listen1: file does not exist' "nor ANTS's names of what is in /bin/ip and /bin/aux"
has '^ERROR no cpurc found$' "plan9rc: no cpurc without a root"
has '^starting mntgen and shell in current namespace$' "and it ends in its shell"
is "$(x box /bin/sh -c 'ls /srv')" "$(printf '%s\n' bootpaq clone ramboot slashn)" "what they posted"
cat >net9 <<'!'
bind -a '#I0' /net
ip/ipconfig loopback /dev/null 127.1
mkdir /tmp/t; echo in tree >/tmp/t/f
exportfs -a 'tcp!127.1!564' -r /tmp/t &
while(! 9fs 127.1 /n/nine >[2]/dev/null) sleep 0.1
cat /n/nine/f
mkdir /tmp/here; rimport far /tmp/t /tmp/here && cat /tmp/here/f; ns | grep here
!
put box /bin/rconnect <<'!'
#!/bin/rc
far=`''{cat $2}
shift
shift
@{rfork ne; rc -c $far <[0=1] &} | {eval $* >[1=0]}
!
put box /rc/bin/9fs <"$front/rc/bin/9fs"
put box /rc/bin/rimport <"$front/rc/bin/rimport"
put box /run/net9 <net9
is "$(x box /bin/sh -c '/bin/rc /run/net9 >/run/out 2>&1 </dev/null; cat /run/out')" "in tree
in tree
mount /fd/0 /tmp/here" "9front's 9fs, and rimport"
down
echo "1..$n"
