/* dd(1): -name value, or the old name=value; sizes end in k, m, g, b (512) or are products with x. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

enum { MAXBS = 256 << 20 };

static struct {
	const char *in, *out;
	u64 ibs, obs, skip, iseek, oseek, count;
	bool trunc, quiet, swab, lcase, ucase, sync, noerror, counted;
} o = { .ibs = 512, .obs = 512, .trunc = true };
static const char usage[] = "dd [-if file] [-of file] [-bs n] [-ibs n] [-obs n] [-count n] [-skip n] [-iseek n] [-oseek n] "
			    "[-trunc 0|1] [-quiet 0|1] [-conv lcase,ucase,swab,sync,noerror]";

static u64 size(const char *s)
{
	u64 v = 1;

	for (const char *p = s;; p++) {
		char *end;
		u64 k = strtoull(p, &end, 10), unit = 1;

		if (end == p)
			break;
		for (; *end != '\0' && *end != 'x'; end++)
			unit *= *end == 'k' ? 1024 : *end == 'm' ? 1 << 20 : *end == 'g' ? 1 << 30 : *end == 'b' ? 512 : 0;
		if (unit == 0 || (k != 0 && v > INT64_MAX / k) || (v * k > INT64_MAX / unit))
			break;
		v *= k * unit;
		if (*end == '\0')
			return v;
		p = end;
	}
	tool_die("bad number '%s'", s);
}

static void conv(char *s)
{
	char *f[8];
	int n = str_fields(s, f, nelem(f), ",");
	struct {
		const char *name;
		bool *b;
	} t[] = { { "swab", &o.swab }, { "lcase", &o.lcase }, { "ucase", &o.ucase }, { "sync", &o.sync },
		  { "noerror", &o.noerror } };

	for (int i = 0; i < n; i++) {
		size_t k = 0;

		while (k < nelem(t) && strcmp(t[k].name, f[i]) != 0)
			k++;
		if (k == nelem(t))
			tool_die("conv %s is not implemented", f[i]);
		*t[k].b = true;
	}
}

static bool option(const char *name, char *v)
{
	struct {
		const char *name;
		u64 *v;
	} t[] = { { "ibs", &o.ibs }, { "obs", &o.obs }, { "skip", &o.skip }, { "iseek", &o.iseek }, { "oseek", &o.oseek },
		  { "seek", &o.oseek } };

	for (size_t i = 0; i < nelem(t); i++)
		if (strcmp(name, t[i].name) == 0) {
			*t[i].v = size(v);
			return true;
		}
	if (strcmp(name, "if") == 0)
		o.in = v;
	else if (strcmp(name, "of") == 0)
		o.out = v;
	else if (strcmp(name, "bs") == 0)
		o.ibs = o.obs = size(v);
	else if (strcmp(name, "count") == 0)
		o.counted = (o.count = size(v)) > 0;
	else if (strcmp(name, "trunc") == 0)
		o.trunc = size(v) != 0;
	else if (strcmp(name, "quiet") == 0)
		o.quiet = size(v) != 0;
	else if (strcmp(name, "conv") == 0)
		conv(v);
	else
		return false;
	return true;
}

static void convert(u8 *p, size_t n)
{
	for (size_t i = 0; o.swab && i + 1 < n; i += 2) {
		u8 c = p[i];

		p[i] = p[i + 1];
		p[i + 1] = c;
	}
	for (size_t i = 0; (o.lcase || o.ucase) && i < n; i++) {
		if (o.lcase && p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 32;
		if (o.ucase && p[i] >= 'a' && p[i] <= 'z')
			p[i] &= (u8)~32;
	}
}

typedef struct Tally {
	u64 whole, part;
} Tally;

static void put(const u8 *p, size_t n, Tally *t)
{
	if (n == 0)
		return;
	if (io_writen(1, p, n) < 0)
		tool_die("%s", rerrstr());
	if (n == o.obs)
		t->whole++;
	else
		t->part++;
}

/* copy reads blocks of ibs and writes blocks of obs; a short read is written as it is when both are the same. */
static int copy(Tally *in, Tally *out)
{
	u8 *buf = mem_try(o.ibs + o.obs);
	size_t have = 0;
	ssize_t n;
	int bad = 0;

	if (buf == NULL)
		tool_die("%s", rerrstr());
	while ((!o.counted || in->whole + in->part < o.count) && (n = read(0, buf + have, o.ibs)) != 0) {
		if (n < 0) {
			tool_oops("read");
			bad = 1;
			if (!o.noerror || lseek(0, (off_t)o.ibs, SEEK_CUR) < 0)
				break;
			n = 0;
		}
		if ((u64)n == o.ibs)
			in->whole++;
		else
			in->part++;
		if (o.sync && (u64)n < o.ibs) {
			memset(buf + have + n, 0, o.ibs - (size_t)n);
			n = (ssize_t)o.ibs;
		}
		convert(buf + have, (size_t)n);
		have += (size_t)n;
		if (o.ibs == o.obs) {
			put(buf, have, out);
			have = 0;
			continue;
		}
		size_t done = 0;

		for (; have - done >= o.obs; done += o.obs)
			put(buf + done, o.obs, out);
		memmove(buf, buf + done, have - done);
		have -= done;
	}
	put(buf, have, out);
	free(buf);
	return bad;
}

static void open_as(int fd, const char *name, int flags)
{
	int f = open(name, flags, 0666);

	if (f < 0)
		tool_oopsdie("%s %s", flags & O_CREAT ? "create" : "open", name);
	if (f != fd) {
		dup2(f, fd);
		close(f);
	}
}

static void seek_to(int fd, u64 blocks, u64 bs, bool reads)
{
	if (blocks == 0)
		return;
	if (blocks > INT64_MAX / bs)
		tool_die("seek too far");
	if (!reads && lseek(fd, (off_t)(blocks * bs), SEEK_CUR) < 0)
		tool_oopsdie("seek");
	for (char *b = mem_new(bs); reads && blocks > 0; blocks--)
		if (io_readn(fd, b, bs) <= 0)
			break;
}

int cmd_dd(int argc, char **argv)
{
	Tally in = { 0, 0 }, out = { 0, 0 };
	Args a;
	int bad;

	args_init(&a, argc, argv, usage);
	for (int i = 1; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		if (argv[i][0] == '-' && i + 1 < argc && option(argv[i] + 1, argv[i + 1])) {
			i++;
			continue;
		}
		if (eq != NULL)
			*eq = '\0';
		if (eq == NULL || !option(argv[i], eq + 1))
			args_usage(&a);
	}
	if (o.ibs == 0 || o.obs == 0 || o.ibs > MAXBS || o.obs > MAXBS)
		tool_die("bad block size");
	if (o.in != NULL)
		open_as(0, o.in, O_RDONLY);
	if (o.out != NULL)
		open_as(1, o.out, O_WRONLY | O_CREAT | (o.trunc && o.oseek == 0 ? O_TRUNC : 0));
	seek_to(0, o.skip, o.ibs, true);
	seek_to(0, o.iseek, o.ibs, false);
	seek_to(1, o.oseek, o.obs, false);
	if (o.out != NULL && o.trunc && o.oseek != 0 && ftruncate(1, lseek(1, 0, SEEK_CUR)) < 0)
		tool_oops("truncate %s", o.out); /* a device is not truncated: no failure */
	bad = copy(&in, &out);
	if (!o.quiet)
		fprintf(stderr, "%llu+%llu records in\n%llu+%llu records out\n", (unsigned long long)in.whole,
			(unsigned long long)in.part, (unsigned long long)out.whole, (unsigned long long)out.part);
	return bad;
}
