#!/bin/sh
# A node's mounts heal: of a post, when the server was started anew and has posted again; of an address, when it answers
# there again, also after the kernel process itself was started anew.
. t/sys/lib
up -d 60 <<!
segment=lan
node=box ether0=lan
node=fs ether0=lan
!
rc fs "bind -b '#l0' /net; bind -b '#I0' /net; ip/ipconfig ether /net/ether0 add 10.0.0.2 /24"
rc box "bind -b '#l0' /net; bind -b '#I0' /net; ip/ipconfig ether /net/ether0 add 10.0.0.1 /24; mkdir /n/dial /n/post /tmp/own; echo mine >/tmp/own/f"
rc fs 'mkdir /tmp/tree; echo one >/tmp/tree/f; seq 20000 >/tmp/tree/long'
far() { # START the server on fs
	x fs /bin/sh -c 'echo $$ >/tmp/pid; exec /bin/exportfs -a "tcp!*!564" -r /tmp/tree' &
	later rc box "test -e /net/tcp/clone && <>[3]/net/tcp/clone { c=\`{read <[0=3]}; echo connect 10.0.0.2!564 >/net/tcp/\$c/ctl }"
}
die() { x "$1" /bin/sh -c 'kill -9 $(cat /tmp/pid)'; } # NODE: its server
far
t "mount an address" rc box 'mount tcp!10.0.0.2!564 /n/dial'
is "$(x box /bin/cat /n/dial/f)" one "it works"
is "$(rc box ns | grep dial)" "mount 'tcp!10.0.0.2!564' /n/dial" "ns says what would mount it again"
# half a file, then the rest when both ends of the line have been replaced
put box /tmp/half <<'!'
exec 3</n/dial/long
dd bs=1000 count=40 <&3 2>/dev/null
echo half >/tmp/half.done
until [ -e /tmp/go ]; do sleep 0.1; done
cat <&3
!
x box /bin/sh /tmp/half >long &
h=$!
later x box /usr/bin/test -e /tmp/half.done
# why PID, and the trace of a mount
m=$(x box /bin/sh -c "sed -n 's/^mount \\([0-9]*\\).*tcp.*/\\1/p' /#/M/list")
is "$(rc box "echo on >'#M/trace/$m'; cat /n/dial/f; cat /n/dial/nothing >[2]/dev/null; echo off >'#M/trace/$m'; cat '#M/trace/$m'" |
	sed -n 's/^[0-9.]* \([<>-]* [RT][a-z]*\) tag [0-9]*/\1/p' | sed 's/fid [0-9]*/fid N/' | grep -e 'Rread count 4$' -e Rerror | sort)" \
	"-> Rerror ename 'file does not exist'
-> Rread count 4" "a trace has the messages without their data"
is "$(rc box "echo bad >'#M/trace/$m'" 2>&1)" "echo: write: unknown control request" "its ctl messages are on, off and clear"
x fs /bin/sh -c 'kill -STOP $(cat /tmp/pid)'
x box /bin/sh -c 'echo $$ >/tmp/cat; exec /bin/cat /n/dial/f' >cat.out 2>&1 &
cat=$!
later x box /usr/bin/test -s /tmp/cat
why() { a why -g "$g" box "$(x box /bin/cat /tmp/cat)" >why; grep -q 'has 1 message' why; }
later why
is "$(sed 's/[0-9.]* s$/N s/; s/process [0-9]*/process P/; s/mount [0-9]*/mount M/; s/, [SD] .*/:/; s/ in [a-z]* of .*, for/ for/' why)" "process P (cat):
  it waits for N s
  it is /n/dial/f to process P
  in mount M of tcp!10.0.0.2!564, made by glenda
  its server is tcp!10.0.0.2!564: connected for N s
  which has 1 message to answer, the oldest for N s" "why follows a process to its server"
x fs /bin/sh -c 'kill -CONT $(cat /tmp/pid)'
wait $cat
is "$(cat cat.out)" one "which answers in the end"
is "$(a why -g "$g" box "$(x box /bin/sh -c 'echo $$')" | sed 's/[0-9]\{1,\}/P/')" "process P: there is none" "one that has ended is not there"
is "$(a why -g "$g" box 1 | sed 's/(.*/.../')" "process 1 ...
  it waits for no file of the node" "and one that does not wait does not wait"

post() { x box /bin/sh -c 'rm -f /srv/own; /bin/exportfs -S own -r /tmp/own; for p in /.proc/[0-9]*; do read -r c <$p/comm && [ "$c" = exportfs ] && echo ${p#/.proc/} >/tmp/pid; done 2>&-'; }
post
t "mount a post" rc box 'mount /srv/own /n/post'
is "$(x box /bin/cat /n/post/f)" mine "it works too"

die fs
x box /bin/cat /n/dial/f >away 2>&1 &
away=$!
die box
post
mine() { [ "$(x box /bin/cat /n/post/f)" = mine ]; }
t "its server has ended, another is posted, and the mount is well" later mine
wait $away
is "$(sed 's/.*: //' away)" "connection refused" "while a server is away a call fails, with the reason"
rc fs 'echo two >/tmp/tree/f'
far
two() { [ "$(x box /bin/cat /n/dial/f)" = two ]; }
t "when it is back the mount is" later two
x box /bin/sh -c 'echo >/tmp/go'
wait $h
is "$(cksum <long)" "$(seq 20000 | cksum)" "and a file that was open is read on"

die fs
x box /bin/sh -c "kill -9 $(kernel box)"
later loghas box "is back"
far
t "after the kernel process was started anew an address is dialled again" later two
down
echo "1..$n"
