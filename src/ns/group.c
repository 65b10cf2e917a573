#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/group.h>
#include <os/at.h>
#include <os/child.h>
#include <os/io.h>

#define DEVS "/#"
enum { IDLEN = 16, SNAPMAX = 16 << 20, BATCHMAX = 32 * 1024 };

static Buf batch; /* variables that the group has not been told of yet */
static int batchfd = -1;

extern char **environ;

/* slot finds the group's number in the initial environment; environ may have been changed since, the memory not. */
static char *slot(void)
{
	static char *at;

	for (char **e = environ; at == NULL && *e != NULL; e++)
		if (str_prefix(*e, GROUP_SLOT) && strlen(*e) == strlen(GROUP_SLOT) + IDLEN)
			at = *e + strlen(GROUP_SLOT);
	return at;
}

int group_env(bool clean)
{
	autofd int fd = -1;
	const char *cmd = clean ? "env clean" : "env copy";
	char id[IDLEN + 1], *at = slot();
	ssize_t n;

	if (at == NULL)
		return werrstr("rfork: this process was not started in a node (it has no " GROUP_SLOT ")");
	fd = open(DEVS "/M/group", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return os_werr(DEVS "/M/group");
	if (io_writen(fd, cmd, strlen(cmd)) < 0)
		return -1;
	n = io_readn(fd, id, IDLEN);
	if (n != IDLEN || *id == '!') {
		id[n > 0 ? n : 0] = '\0';
		return werrstr("rfork: %s", n > 0 ? id + 1 : "no answer from the kernel process");
	}
	memcpy(at, id, IDLEN);
	return 0;
}

int group_note(void)
{
	child_group(); /* a session's leader has its own group already */
	return 0;
}

int group_each(void (*var)(const char *name, const char *value, size_t n))
{
	size_t n;
	autofree char *s = io_slurp(AT_FDCWD, DEVS "/M/env", SNAPMAX, &n);
	const char *p = s, *end = s != NULL ? s + n : NULL;

	slot(); /* while environ is what the process was started with */
	if (s == NULL)
		return -1;
	while (p < end) {
		const char *len = memchr(p, 0, (size_t)(end - p));
		const char *data = len != NULL ? memchr(len + 1, 0, (size_t)(end - len - 1)) : NULL;
		u64 size;

		if (data == NULL || str_u64(len + 1, 10, (u64)(end - data - 1), &size) < 0)
			return werrstr(DEVS "/M/env: bad text");
		var(p, data + 1, size);
		p = data + 1 + size;
	}
	return 0;
}

static char *varpath(const char *name)
{
	if (*name == '\0' || strchr(name, '/') != NULL)
		return errnull(Ebadchar);
	return mem_printf(DEVS "/e/%s", name);
}

int group_put(const char *name, const char *value, size_t n)
{
	autofree char *path = varpath(name);

	if (path == NULL)
		return -1;
	if (batch.n + strlen(name) + n > BATCHMAX - 32 && group_sync() < 0)
		return -1;
	if (strlen(name) + n > BATCHMAX - 32)
		return io_spit(path, value, n, 0666);
	buf_add(&batch, name, strlen(name) + 1);
	buf_printf(&batch, "%zu", n);
	buf_ch(&batch, 0);
	buf_add(&batch, value, n);
	return 0;
}

/* send writes the batch; the file is kept open, as an open takes longer than the rest. */
static int send(void)
{
	if (batchfd < 0)
		batchfd = child_high(open(DEVS "/M/env", O_WRONLY | O_CLOEXEC));
	if (batchfd < 0)
		return os_werr(DEVS "/M/env");
	return io_writen(batchfd, batch.p, batch.n);
}

int group_sync(void)
{
	bool old = batchfd >= 0;
	int rc = batch.n > 0 ? send() : 0;

	if (rc < 0 && old) { /* the file of a kernel process that is no more */
		close(batchfd);
		batchfd = -1;
		rc = send();
	}
	batch.n = 0;
	return rc;
}

void group_closed(void)
{
	batchfd = -1;
}

int group_remove(const char *name)
{
	autofree char *path = varpath(name);

	if (path == NULL || group_sync() < 0)
		return -1;
	return at_remove(AT_FDCWD, path, false) < 0 && errcode(rerrstr()) != Enonexist ? -1 : 0;
}
