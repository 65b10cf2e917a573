/*
 * bind, mount, unmount and ns as commands that rc runs in its own process
 * (they would change nothing for it otherwise); they never exit.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/str.h>
#include <ns/ns.h>
#include <os/io.h>

enum { Usage = 2 };

typedef struct Opts {
	int flags;
	bool quiet, raw, help;
	int n; /* arguments that were options */
} Opts;

static int usage(const char *text, bool help)
{
	dprintf(help ? 1 : 2, "usage: %s\n", text);
	return help ? 0 : Usage;
}

static bool option(Opts *o, int c)
{
	switch (c) {
	case 'a':
		o->flags |= MAFTER;
		return true;
	case 'b':
		o->flags |= MBEFORE;
		return true;
	case 'c':
		o->flags |= MCREATE;
		return true;
	case 'C':
		o->flags |= MCACHE;
		return true;
	case 'n':
		return true;
	case 'N':
		o->flags |= MNONE;
		return true;
	case 'q':
		o->quiet = true;
		return true;
	case 'r':
		o->raw = true;
		return true;
	}
	return false;
}

/* options takes the options of allowed letters; false if there is another. */
static bool options(Opts *o, int argc, char **argv, const char *allowed)
{
	*o = (Opts){ 0 };
	for (o->n = 1; o->n < argc && argv[o->n][0] == '-' && argv[o->n][1] != '\0'; o->n++) {
		if (strcmp(argv[o->n], "--help") == 0) {
			o->help = true;
			return false;
		}
		if (strcmp(argv[o->n], "--") == 0) {
			o->n++;
			return true;
		}
		for (const char *p = argv[o->n] + 1; *p != '\0'; p++)
			if (strchr(allowed, *p) == NULL || !option(o, *p))
				return false;
	}
	return true;
}

static int result(const char *cmd, int rc, bool quiet)
{
	if (rc == 0)
		return 0;
	if (!quiet)
		dprintf(2, "%s: %s\n", cmd, rerrstr());
	return 1;
}

int ns_cmd_bind(int argc, char **argv)
{
	static const char text[] = "bind [-b|-a|-c|-bc|-ac] [-q] new old";
	Opts o;

	if (!options(&o, argc, argv, "abcq") || argc - o.n != 2 || (o.flags & (MBEFORE | MAFTER)) == (MBEFORE | MAFTER))
		return usage(text, o.help);
	return result("bind", ns_bind(argv[o.n], argv[o.n + 1], o.flags), o.quiet);
}

int ns_cmd_mount(int argc, char **argv)
{
	static const char text[] = "mount [-b|-a|-c|-bc|-ac] [-CnNq] /srv/service dir [spec]";
	Opts o;
	int n;

	if (!options(&o, argc, argv, "abcCnNq"))
		return usage(text, o.help);
	n = argc - o.n;
	if (n < 2 || n > 3 || (o.flags & (MBEFORE | MAFTER)) == (MBEFORE | MAFTER))
		return usage(text, false);
	return result("mount", ns_mount(argv[o.n], argv[o.n + 1], o.flags, n == 3 ? argv[o.n + 2] : ""), o.quiet);
}

int ns_cmd_unmount(int argc, char **argv)
{
	Opts o;

	if (!options(&o, argc, argv, "q") || argc - o.n < 1 || argc - o.n > 2)
		return usage("unmount [-q] [new] old", o.help);
	if (argc - o.n == 1)
		return result("unmount", ns_unmount(NULL, argv[o.n]), o.quiet);
	return result("unmount", ns_unmount(argv[o.n], argv[o.n + 1]), o.quiet);
}

int ns_cmd_ns(int argc, char **argv)
{
	autobuf Buf b = { 0 };
	u64 pid = 0;
	Opts o;

	if (!options(&o, argc, argv, "r") || argc - o.n > 1 ||
	    (argc - o.n == 1 && str_u64(argv[o.n], 10, UINT32_MAX, &pid) < 0))
		return usage("ns [-r] [pid]", o.help);
	if (ns_script(&b, (u32)pid) < 0)
		return result("ns", -1, false);
	return result("ns", io_writen(1, buf_text(&b), b.n), false);
}
