#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/if_packet.h>
#include <base/bytes.h>
#include <base/err.h>
#include <os/io.h>
#include <os/netns.h>
#include <os/packet.h>

enum { ETH_ALL = 3, VNETLEN = 10, NEEDSCSUM = 1 }; /* virtio's header: flags[1] gso[1] hdrlen[2] gsosize[2] start[2] offset[2] */

int packet_open(int ns, int index, u16 type)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_ifindex = index, .sll_protocol = htons(type != 0 ? type : ETH_ALL) };
	int fd = netns_socket(ns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) == 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	os_werr("packet socket");
	close(fd);
	return -1;
}

static int member(int fd, struct packet_mreq *m, bool add)
{
	if (setsockopt(fd, SOL_PACKET, add ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, m, sizeof *m) < 0)
		return os_werr("packet socket");
	return 0;
}

int packet_promisc(int fd, int index, bool on)
{
	struct packet_mreq m = { .mr_ifindex = index, .mr_type = PACKET_MR_PROMISC };

	return member(fd, &m, on);
}

int packet_multi(int fd, int index, const u8 mac[MACLEN], bool add)
{
	struct packet_mreq m = { .mr_ifindex = index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = MACLEN };

	memcpy(m.mr_address, mac, MACLEN);
	return member(fd, &m, add);
}

/* checksum does what the sender left to do: the sum from start on, stored offset bytes further (virtio, RFC 1071). */
static void checksum(u8 *p, size_t n, size_t start, size_t offset)
{
	u32 sum = 0;

	if (start + offset + 2 > n)
		return;
	for (size_t i = start; i + 1 < n; i += 2)
		sum += be16(p + i);
	if ((n - start) % 2 != 0)
		sum += (u32)p[n - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFF) + (sum >> 16);
	sum = ~sum & 0xFFFF;
	put_be16(p + start + offset, (u16)(sum != 0 ? sum : 0xFFFF));
}

static ssize_t moved(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? PACKET_AGAIN : os_werr("packet socket");
}

ssize_t packet_recv(int fd, u8 *p, size_t n)
{
	u8 h[VNETLEN] = { 0 };
	struct iovec iov[2] = { { h, sizeof h }, { p, n } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t got = recvmsg(fd, &m, MSG_DONTWAIT);

	if (got < 0)
		return moved(got);
	got = got > VNETLEN ? got - VNETLEN : 0;
	if ((h[0] & NEEDSCSUM) != 0 && (m.msg_flags & MSG_TRUNC) == 0) {
		u16 start, offset;

		memcpy(&start, h + 6, sizeof start);
		memcpy(&offset, h + 8, sizeof offset);
		checksum(p, (size_t)got, start, offset);
	}
	return got;
}

ssize_t packet_send(int fd, const u8 *p, size_t n)
{
	u8 h[VNETLEN] = { 0 };
	struct iovec iov[2] = { { h, sizeof h }, { (void *)(uintptr_t)p, n } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t put = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

	return put < 0 ? moved(put) : put - VNETLEN;
}
