#!/bin/sh
# Many name spaces with many mounts at once: each is right, and nothing of them is left when they have ended.
. t/sys/lib
up <<!
segment=lan
node=box ether0=lan
!
put box /tmp/b_names <"${bin%/t}/bench/b_names"
t "30 name spaces of 20 mounts" x box /tmp/b_names many 30 20
echo "$out" | sed 's/^/# /'
echo "1..$n"
