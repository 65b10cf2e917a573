/*
 * Changing name spaces by text.
 *
 * All or nothing: a name space can be copied (unshare), so a script is first
 * run in a copy that nobody else sees and that ends with the thread that made
 * it.  What fails there has changed nothing.  Between that and the real run the
 * world may change (a server dies, a file is removed); then the difference
 * between what there is and what there was is made and run.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/apply.h>
#include <ns/graph.h>
#include <ns/mtab.h>
#include <ns/ns.h>
#include <os/at.h>
#include <os/cred.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/procinfo.h>
#include <os/spawn.h>

enum { MAXWORDS = 8 };

static int do_unmount(char **w, int n)
{
	if (n < 2 || n > 3)
		return werrstr("usage: unmount [new] old");
	if (w[n - 1][0] != '/')
		return werrstr("'%.80s' is not an absolute path", w[n - 1]);
	return ns_unmount(n == 3 ? w[1] : NULL, w[n - 1]);
}

int ns_line(const char *text)
{
	autofree char *copy = mem_str(text);
	char *w[MAXWORDS];
	int n = str_tokens(copy, w, MAXWORDS), rc;
	Graph *g;

	if (n > 0 && strcmp(w[0], "unmount") == 0)
		return do_unmount(w, n);
	g = graph_parse(text);
	if (g == NULL)
		return -1;
	if (g->n != 1)
		rc = werrstr("one bind, mount or unmount is wanted");
	else if (g->l[0].name[0] != '/' && g->l[0].name[0] != '#')
		rc = werrstr("'%.80s' is not an absolute path", g->l[0].name);
	else if (g->l[0].mount)
		rc = ns_mount(g->l[0].name, g->l[0].point, g->l[0].flags, g->l[0].spec);
	else
		rc = ns_bind(g->l[0].name, g->l[0].point, g->l[0].flags);
	graph_free(g);
	return rc;
}

/* run does the lines of script until one fails. */
static int run(const char *script)
{
	autofree char *copy = mem_str(script);
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save))
		if (ns_line(s) < 0) {
			autofree char *why = mem_str(rerrstr());

			return werrstr("%.120s: %s", s, why);
		}
	return 0;
}

static int rehearse(void *script)
{
	return mount_unshare() < 0 || run(script) < 0 ? -1 : 0;
}

static Graph *now(void)
{
	autobuf Buf b = { 0 };

	return ns_script(&b, 0) < 0 ? NULL : graph_parse(buf_text(&b));
}

/* put_back makes the calling thread's name space what it was; what fails is passed over. */
static int put_back(const Graph *was)
{
	autobuf Buf undo = { 0 }, left = { 0 };
	Graph *is = now();
	char *save = NULL;

	if (is == NULL)
		return -1;
	graph_diff(&undo, is, was);
	graph_free(is);
	for (char *s = strtok_r(undo.p, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save))
		if (ns_line(s) < 0)
			buf_printf(&left, "; %s: %s", s, rerrstr());
	return left.n == 0 ? 0 : werrstr("%.160s", left.p + 2);
}

static int perform(void *script)
{
	autofree char *why = NULL;
	Graph *was = now();
	int rc;

	if (was == NULL)
		return -1;
	rc = run(script);
	if (rc < 0) {
		why = mem_str(rerrstr());
		rc = put_back(was) < 0 ? werrstr("%.100s; and not all could be put back: %s", why, rerrstr()) :
					 werrstr("%s", why);
	}
	graph_free(was);
	return rc;
}

static int line(void *text)
{
	return ns_line(text);
}

/* within runs fn in the name space of process pid, which is open to the caller as the kernel decides. */
static int within(u32 pid, int (*fn)(void *arg), const char *arg)
{
	autofree char *copy = mem_str(arg);
	int fd = proc_open(pid, "ns/mnt", 0), rc;

	if (fd < 0)
		return -1;
	rc = mount_within(fd, fn, copy);
	close(fd);
	return rc;
}

int ns_do(u32 pid, const char *text)
{
	return within(pid, line, text);
}

/* by_file has the kernel process do it, for whom Linux does not let into that name space. */
static int by_file(u32 pid, const char *script)
{
	autofree char *path = mem_printf(MTAB_DEVS "/p/%u/ns", pid);
	autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? os_werr("%s", path) : io_writen(fd, script, strlen(script));
}

int ns_apply(u32 pid, const char *script)
{
	Err e;

	if (within(pid, rehearse, script) == 0)
		return within(pid, perform, script);
	e = errcode(rerrstr());
	return pid != 0 && (e == Eperm || e == Enotowner) && ns_isnode() ? by_file(pid, script) : -1;
}

/* same_ns says whether descriptor fd is the calling process's own name space of that kind. */
static bool same_ns(int fd, const char *kind)
{
	autofd int own = proc_open(0, kind, 0);
	Finfo a, b;

	return own >= 0 && at_stat(own, "", &a) == 0 && at_stat(fd, "", &b) == 0 && a.dev == b.dev && a.ino == b.ino;
}

int ns_enter(u32 pid, u64 start, u32 uid)
{
	autofd int user = proc_open(pid, "ns/user", 0), mnt = proc_open(pid, "ns/mnt", 0);

	if (user < 0 || mnt < 0)
		return -1;
	/* pid is still that process, so the descriptors are of it */
	if (start == 0 || proc_start(pid) != start || proc_uid(pid) != uid)
		return errset(Enoproc);
	if (!same_ns(user, "ns/user") && proc_setns(user) < 0)
		return -1;
	if (proc_setns(mnt) < 0 || cred_become(pid) < 0)
		return -1;
	return proc_start(pid) == start ? 0 : errset(Enoproc);
}
