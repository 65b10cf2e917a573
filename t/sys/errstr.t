#!/bin/sh
# What a file of the node refuses with Plan 9's words is printed in those by rc and our tools, and told to nobody else.
. t/sys/lib
up -d 60 <<!
node=box
!
rc box "bind -b '#I0' /net; ramfs -S ram; mount -c /srv/ram /n"
sh() { x box /bin/sh -c "$1" 2>&1; }
is "$(rc box '<>[3]/net/tcp/clone { c=`{read <[0=3]}; echo bad >/net/tcp/$c/ctl }' 2>&1)" "echo: write: unknown control request" "a bad message to ctl"
reboot="reboot: not implemented: end the node with \`anthill grid down\`"
is "$(rc box 'echo reboot >/dev/reboot' 2>&1)" "echo: write: $reboot" "a device's own words"
is "$(rc box 'cp /dev/null /dev/reboot; cat >/dev/drivers <{echo chdev ~}' 2>&1 | sed 's/.*: chdev/chdev/')" "chdev ~: not implemented: rfork m takes devices away" "another tool"
is "$(rc box 'ls /srv/nothing; cat /n/nothing' 2>&1)" "ls: /srv/nothing: file does not exist
cat: can't open /n/nothing: file does not exist" "errors that Linux has a number for"
is "$(sh 'echo reboot >/dev/reboot' | grep -c 'end the node')" 0 "a Linux program has Linux's words"
is "$(sh 'echo reboot >/dev/reboot; read -r e </dev/errstr; echo "$e"; read -r e </dev/errstr; echo "<$e>"' | tail -2)" "95 $reboot
<>" "and may ask for Plan 9's, once"
is "$(sh 'echo reboot >/dev/reboot; cat /dev/errstr; read -r e </dev/errstr; echo "$e"' | tail -1)" "95 $reboot" "another process has no use for it"
is "$(sh 'echo reboot >/dev/reboot; cat /dev/errstr' | grep -c reboot:.not)" 0 "nor is it told"
is "$(sh 'echo reboot >/dev/reboot; echo y >/dev/null; echo hm >/n/f; read -r e </dev/errstr; echo "<$e>"' | tail -1)" "<>" "a call that goes well ends it"
down
echo "1..$n"
