/* exportfs(4): this name space, or a part of it, as a 9P server. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/lock.h>
#include <base/mem.h>
#include <base/rx.h>
#include <ns/local.h>
#include <ns/ns.h>
#include <srv/call.h>
#include "cmds.h"
#include "serve.h"
#include "tool.h"

typedef struct Pattern {
	struct Pattern *next;
	bool include;
	Rx *rx;
} Pattern;

static struct {
	Lock lk; /* an Rx serves one thread */
	Pattern *first;
} patterns;

static bool hides(void *arg, const char *path)
{
	bool hide = false;

	(void)arg;
	lock(&patterns.lk);
	for (Pattern *p = patterns.first; p != NULL && !hide; p = p->next)
		hide = rx_match(p->rx, path, strlen(path), 0, NULL, 0) != p->include;
	unlock(&patterns.lk);
	return hide;
}

/* readpatterns takes lines `+ expression' and `- expression'; others say nothing. */
static void readpatterns(const char *file)
{
	FILE *f = tool_input(file);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (f == NULL)
		exit(1);
	lock_init(&patterns.lk, RankLeaf);
	while ((n = getline(&line, &cap, f)) > 0) {
		Pattern *p;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if ((line[0] != '+' && line[0] != '-') || line[1] != ' ')
			continue;
		p = mem_new(sizeof *p);
		p->include = line[0] == '+';
		p->rx = rx_compile(line + 2, 0);
		if (p->rx == NULL)
			tool_die("%s: %s: %s", file, line + 2, rerrstr());
		p->next = patterns.first;
		patterns.first = p;
	}
	free(line);
	fclose(f);
}

enum { ATTACHMS = 60000 };

static struct {
	const char *file;
	int flags;
} service;

/* tree serves the directory fd, which it owns. */
static Srv *tree(int fd, int flags)
{
	Srv *s = local_new(fd, flags);

	if (s == NULL)
		close(fd);
	else if (patterns.first != NULL)
		local_hide(s, hides, NULL);
	return s;
}

static Fid *mounted(Req *r)
{
	int fd = ns_mountdir(service.file, r->i.aname);
	Srv *s = fd >= 0 ? tree(fd, service.flags | LocalMayWait) : NULL;
	Fid *f = s != NULL ? call_attach(s, r->i.uname, "", &r->caller, ATTACHMS) : NULL;

	srv_drop(s);
	return f;
}

/* each attach is a mount of its own: a service may know its clients by that */
static void service_attach(Req *r)
{
	Fid *f;
	int rc;

	if (req_block(r) < 0) {
		req_fail(r);
		return;
	}
	f = mounted(r);
	req_unblock(r);
	rc = f != NULL ? fid_become(r, r->fid, f) : -1;
	fid_drop(f);
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static Srv *service_new(const char *file, int flags)
{
	static const SrvOps ops = { .attach = service_attach };
	static Srv s;

	if (access(file, F_OK) < 0) {
		(void)os_werr("%s", file);
		return NULL;
	}
	service.file = file;
	service.flags = flags;
	srv_init(&s, "exportfs", &ops, NULL);
	s.parallel = true;
	return &s;
}

static Srv *root_new(const char *root, int flags)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		tool_oopsdie("%s", root);
	return tree(fd, flags);
}

int cmd_exportfs(int argc, char **argv)
{
	const char *root = NULL;
	Serve o = { .stdio = true };
	int flags = LocalFollow;
	Srv *s;
	Args a;

	args_init(&a, argc, argv, "exportfs [-dRs] [-m msize] [-P patternfile] [-a addr] [-S srvname] -r root\n"
				  "       exportfs [-dR] [-m msize] [-P patternfile] [-a addr] -S srvfile");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'd':
			o.conn.trace = true;
			break;
		case 'R':
			flags |= LocalRdonly;
			break;
		case 'm':
			o.conn.msize = (u32)args_number(&a, MSIZEMIN, MSIZEMAX);
			break;
		case 'a':
			o.addr = args_value(&a);
			o.stdio = false;
			break;
		case 'S':
			o.post = args_value(&a);
			o.stdio = false;
			break;
		case 'r':
			root = args_value(&a);
			break;
		case 'P':
			readpatterns(args_value(&a));
			break;
		case 's':
			root = "/";
			break;
		case 'F':
			break; /* 9front ignores it */
		default:
			args_usage(&a);
		}
	if (a.argc > 0 || (root == NULL && o.post == NULL))
		args_usage(&a);
	if (root == NULL) { /* -S alone is Plan 9's */
		s = service_new(o.post, flags);
		o.post = NULL;
		o.stdio = o.addr == NULL;
	} else {
		s = root_new(root, flags);
	}
	if (s == NULL)
		tool_die("%s", rerrstr());
	return serve_run(s, &o);
}
