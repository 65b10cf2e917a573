/* exportfs(4): this name space, or a part of it, as a 9P server. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/lock.h>
#include <base/mem.h>
#include <base/rx.h>
#include <ns/local.h>
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

int cmd_exportfs(int argc, char **argv)
{
	const char *root = NULL;
	Serve o = { .stdio = true };
	int flags = LocalFollow, fd;
	Srv *s;
	Args a;

	args_init(&a, argc, argv, "exportfs [-dR] [-m msize] [-P patternfile] [-a addr] [-S srvname] -r root");
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
		default:
			args_usage(&a);
		}
	if (a.argc > 0 || root == NULL)
		args_usage(&a);
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		tool_oopsdie("%s", root);
	s = local_new(fd, flags);
	if (s == NULL)
		tool_die("%s: %s", root, rerrstr());
	if (patterns.first != NULL)
		local_hide(s, hides, NULL);
	return serve_run(s, &o);
}
