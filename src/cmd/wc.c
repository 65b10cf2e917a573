#include <fcntl.h>
#include <unistd.h>
#include "cmds.h"
#include "tool.h"

typedef struct Count {
	unsigned long long l, w, r, b, c; /* lines, words, runes, broken UTF-8, bytes */
} Count;

static struct {
	bool l, w, r, b, c;
} flag;

static void print(const Count *n, const char *name)
{
	struct {
		bool on;
		unsigned long long v;
	} col[] = { { flag.l, n->l }, { flag.w, n->w }, { flag.r, n->r }, { flag.b, n->b }, { flag.c, n->c } };

	for (size_t i = 0; i < nelem(col); i++)
		if (col[i].on)
			printf("%7llu ", col[i].v);
	printf("%s\n", name);
}

/* add counts one buffer; *more is how many bytes of a rune are still to come, *word whether it ended in a word. */
static void add(Count *n, const u8 *p, size_t len, int *more, bool *word)
{
	n->c += len;
	for (const u8 *e = p + len; p < e; p++) {
		bool space = *p == ' ' || (*p >= '\t' && *p <= '\r');

		if (*p == '\n')
			n->l++;
		if (!space && !*word)
			n->w++;
		*word = !space;
		if (*more > 0 && (*p & 0xc0) == 0x80) {
			(*more)--;
			continue;
		}
		if (*more > 0 || (*p & 0xc0) == 0x80 || *p >= 0xf8)
			n->b++;
		n->r++;
		*more = *p >= 0xf8 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
	}
}

static int count(int fd, const char *name, Count *total)
{
	static u8 buf[64 * 1024];
	Count n = { 0 };
	int more = 0;
	bool word = false;
	ssize_t k;

	while ((k = read(fd, buf, sizeof buf)) > 0)
		add(&n, buf, (size_t)k, &more, &word);
	if (k < 0) {
		tool_oops("%s", name);
		return 1;
	}
	print(&n, name);
	*total = (Count){ total->l + n.l, total->w + n.w, total->r + n.r, total->b + n.b, total->c + n.c };
	return 0;
}

int cmd_wc(int argc, char **argv)
{
	bool *flags[128] = { ['l'] = &flag.l, ['w'] = &flag.w, ['r'] = &flag.r, ['b'] = &flag.b, ['c'] = &flag.c };
	Count total = { 0 };
	Args a;
	int k, bad = 0;
	bool some = false;

	args_init(&a, argc, argv, "wc [-lwrbc] [file ...]");
	while ((k = args_flag(&a)) != 0) {
		if (k > 127 || flags[k] == NULL)
			args_usage(&a);
		some = *flags[k] = true;
	}
	if (!some)
		flag.l = flag.w = flag.c = true;
	if (a.argc == 0)
		bad = count(0, "", &total);
	for (int i = 0; i < a.argc; i++) {
		autofd int fd = open(a.argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			tool_oops("can't open %s", a.argv[i]);
		bad |= fd < 0 || count(fd, a.argv[i], &total);
	}
	if (a.argc > 1)
		print(&total, "total");
	return tool_end(bad);
}
