#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <os/event.h>
#include <os/io.h>

enum { BATCH = 128 };

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP &&
		       EPOLLPRI == POLLPRI && EPOLLRDHUP == POLLRDHUP,
	       "poll's bits are epoll's");

int event_new(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd >= 0 ? fd : os_werr("epoll");
}

static int set(int ep, int fd, u32 events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev) == 0)
		return 0;
	if (errno == ENOENT && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0)
		return 0;
	return os_werr("epoll: descriptor %d", fd);
}

int event_watch(int ep, int fd, int events)
{
	return set(ep, fd, (u32)events);
}

int event_once(int ep, int fd, int events)
{
	return set(ep, fd, (u32)events | EPOLLONESHOT);
}

void event_unwatch(int ep, int fd)
{
	epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
}

int event_wait(int ep, Event *ev, int n, int ms)
{
	struct epoll_event e[BATCH];
	int got = epoll_wait(ep, e, n < BATCH ? n : BATCH, ms);

	for (int i = 0; i < got; i++)
		ev[i] = (Event){ e[i].data.fd, (int)(e[i].events & 0xFFFF) };
	return got < 0 ? 0 : got;
}

int event_flag(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd >= 0 ? fd : os_werr("eventfd");
}

void event_raise(int flag)
{
	u64 one = 1;

	(void)!write(flag, &one, sizeof one);
}

void event_lower(int flag)
{
	u64 v;

	(void)!read(flag, &v, sizeof v);
}
