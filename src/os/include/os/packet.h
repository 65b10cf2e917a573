/*
 * Frames of an interface, AF_PACKET.  A checksum that the sender left to its
 * hardware is filled in, so that what is read is what a wire would carry.
 */
#ifndef OS_PACKET_H
#define OS_PACKET_H

#include <sys/types.h>
#include <base/ip.h>
#include <base/u.h>

enum { PACKET_AGAIN = -2, PACKET_HEAD = 14, PACKET_MAX = 64 * 1024 };

/* packet_open opens the frames of one type (0: all) of the interface with that index in net name space ns. */
int packet_open(int ns, int index, u16 type) must_use;

/* packet_promisc asks for frames to others too. */
int packet_promisc(int fd, int index, bool on) must_use;

/* packet_multi adds or removes a multicast address. */
int packet_multi(int fd, int index, const u8 mac[MACLEN], bool add) must_use;

/* packet_recv reads one frame, cut to n bytes; packet_send sends one.  PACKET_AGAIN: would have to wait. */
ssize_t packet_recv(int fd, u8 *p, size_t n) must_use;
ssize_t packet_send(int fd, const u8 *p, size_t n) must_use;

#endif
