#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <base/inflate.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

typedef struct Fds {
	int in, out; /* out -1: only check */
} Fds;

static long in(void *arg, u8 *p, size_t n)
{
	ssize_t k = read(((Fds *)arg)->in, p, n);

	return k < 0 ? os_werr("read") : k;
}

static int out(void *arg, const u8 *p, size_t n)
{
	int fd = ((Fds *)arg)->out;

	return fd < 0 ? 0 : io_writen(fd, p, n);
}

static int unpack(int from, int to)
{
	Fds f = { from, to };

	return inflate_gzip(&(InflateIo){ in, out, &f });
}

/* plain_name returns what the file is called unpacked, NULL if its name does not say that it is packed. */
static char *plain_name(const char *name)
{
	static const char *const ends[][2] = { { ".gz", "" }, { ".tgz", ".tar" }, { "-gz", "" } };

	for (size_t i = 0; i < nelem(ends); i++)
		if (str_suffix(name, ends[i][0]) && strlen(path_base(name)) > strlen(ends[i][0]))
			return mem_printf("%.*s%s", (int)(strlen(name) - strlen(ends[i][0])), name, ends[i][1]);
	werrstr("%s: the name does not end in .gz or .tgz", name);
	return NULL;
}

/* to_file unpacks beside the packed file, which stays; a half written result is removed. */
static int to_file(int from, const char *name)
{
	autofree char *to = plain_name(name);
	FileInfo f;
	autofd int fd = -1;

	if (to == NULL)
		return -1;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return os_werr("can't create %s", to);
	if (unpack(from, fd) < 0) {
		unlink(to);
		return werrstr("%s: %s", name, rerrstr());
	}
	return file_fstat(from, &f) < 0 ? -1 : file_times(to, FILENOTIME, f.mtime);
}

int cmd_gunzip(int argc, char **argv)
{
	bool tostdout = false, test = false, verbose = false;
	Args a;
	int k, bad = 0;

	args_init(&a, argc, argv, "gunzip [-cTv] [file ...]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'c':
			tostdout = true;
			break;
		case 'T':
			test = true;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc == 0 && unpack(0, test ? -1 : 1) < 0)
		tool_die("%s", rerrstr());
	for (int i = 0; i < a.argc; i++) {
		autofd int fd = open(a.argv[i], O_RDONLY | O_CLOEXEC);
		int r;

		if (fd < 0)
			r = os_werr("%s", a.argv[i]);
		else if (!tostdout && !test)
			r = to_file(fd, a.argv[i]);
		else if ((r = unpack(fd, test ? -1 : 1)) < 0)
			r = werrstr("%s: %s", a.argv[i], rerrstr());
		if (r < 0)
			tool_warn("%s", rerrstr());
		else if (verbose)
			fprintf(stderr, "%s\n", a.argv[i]);
		bad |= r < 0;
	}
	return bad;
}
